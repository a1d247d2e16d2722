package codegen

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/ir/kernel"
)

// TestSuiteCatches breaks packages in one place each and wants the test that
// is there for it to fail.
func TestSuiteCatches(t *testing.T) {
	rows := []struct{ name, test, file, old, new string }{
		{"twin", "TestTwin", "kernels_amd64.go", "\tgruResetAVX2(", "\t_ = func() { gruResetAVX2("},
		{"allocation", "TestAllocations", "model.go", "s.step()\n", "s.step()\n\tsink = make([]float32, 100)\n"},
		{"reset", "TestReset", "model.go", "\t*s = State{}\n", ""},
		{"restore", "TestSaveRestore", "stream.go", "readFloats(s.h[:9], b)", "readFloats(s.h[:1], b)"},
		{"run", "TestRunEqualsStep", "model.go", "s.sequence(q[:n])", "s.sequence(q[:max(1, n-1)])"},
		{"carry", "TestRunEqualsStep", "sequence.go", "\t\ts = t\n", ""},
		{"misfit", "TestRefuses", "model.go", "if len(y) != frames*OutputSize {", "if false {"},
		{"odd", "TestOddInputs", "model.go", "\t*s = State{}\n", "\ts.h = [32]float32{}\n\ts.h[0] = 1\n"},
		{"layout", "TestLayout", "model.go", "type State struct {\n", "type State struct {\n\tfirst int\n"},
		{"streams", "TestStreams", "model.go", "s.step()\n", "shared = *s\n\tshared.step()\n\t*s = shared\n"},
		{"alignment", "TestWeightsAlignment", "weights.go", "{0, ", "{4, "},
		{"vectors", "TestVectors", "testdata/vectors.bin", "", ""},
		{"pause", "TestPause", "kernels_amd64.go", "\tswitch level {\n", "\tfor range 4000 {\n\t\tcpuid(0, 0)\n\t}\n\tswitch level {\n"},
	}
	whole := []struct{ name, test, file, old, new string }{
		{"wtwin", "TestTwin", "kernels_amd64.go", "\tlstmCellAVX2(", "\t_ = func() { lstmCellAVX2("},
		{"wtwinstates", "TestStatesTwin", "kernels_amd64.go", "i >= from; i--", "i > from; i--"},
		{"wallocation", "TestAllocations", "model.go", "if cap(*q) < frames+2 {", "if true {"},
		{"wreset", "TestReset", "model.go", "\t*s = State{}\n", ""},
		{"wrestore", "TestSaveRestore", "stream.go", "readFloats(s.setGruH[:20], b)", "readFloats(s.setGruH[:1], b[76:])"},
		{"wflags", "TestStates", "stream.go", "s.lstmCGiven = b[1] != 0", ""},
		{"wstates", "TestStateVectors", "testdata/states.bin", "", ""},
		{"wunits", "TestStates", "model.go", "s.setGruH[i] = h[u]", "s.setGruH[i] = h[19-u]"},
		{"wmisfit", "TestRefuses", "model.go", "if len(y) != frames*OutputSize {", "if false {"},
		{"wnone", "TestRefuses", "model.go", "if frames == 0 {\n", "if frames == 0 {\n\t\ts.Reset()\n"},
		{"wodd", "TestOddInputs", "model.go", "\t*s = State{}\n", "\ts.setGruH[0] = 1\n"},
		{"wlengths", "TestLengths", "sequence.go", "\t\t\tclear(s.ahead[:20])\n", ""},
		{"wframes", "TestFrames", "sequence.go", "type sequenceFrame struct {\n", "type sequenceFrame struct {\n\todd int\n"},
		{"wlayout", "TestLayout", "model.go", "type State struct {\n", "type State struct {\n\tfirst int\n"},
	}
	dir := module(t, map[string]*kernel.Program{})
	programs := map[string]*kernel.Program{}
	for _, r := range rows {
		programs[r.name] = reluGRU(t)
	}
	for _, r := range whole {
		programs[r.name] = tagger(t)
	}
	rows = append(rows, whole...)
	for _, r := range rows {
		frame := Frame{Inputs: [][]float32{{1, 2}}, Indices: []int{0}, Outputs: [][]float64{make([]float64, 9)}}
		o := Options{Package: r.name}
		if r.name == "vectors" {
			o.Vectors = Vectors{frame} // which are not what the model computes
		}
		if r.name == "wstates" {
			o.Vectors = Vectors{{Inputs: [][]float32{make([]float32, 6), {1}}, Indices: []int{0, 0}, Outputs: [][]float64{make([]float64, 3)}}}
			o.States = [][]float64{make([]float64, 20), make([]float64, 9), make([]float64, 9)}
		}
		found := false
		for _, f := range emit(t, programs[r.name], o) {
			text := string(f.Data)
			if f.Name == r.file {
				found = strings.Contains(text, r.old)
				text = strings.Replace(text, r.old, r.new, 1)
				if strings.Contains(r.new, "func() {") {
					text = closeLine(text, r.new)
				}
			}
			put(t, dir, r.name+"/"+f.Name, []byte(text))
		}
		if !found {
			t.Errorf("%s: %s has no %q", r.name, r.file, r.old)
		}
		put(t, dir, r.name+"/broken.go", []byte("package "+r.name+"\n\nvar (\n\tsink []float32\n\tshared State\n)\n"))
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command("go", "test", "-vet=off", "-run", "^"+r.test+"$", "./"+r.name)
			cmd.Dir, cmd.Env = dir, goEnv(nil)
			if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "--- FAIL: "+r.test) {
				t.Errorf("%s does not fail: %v\n%s", r.test, err, out)
			}
		})
	}
}

// closeLine ends the function literal that a replacement opened in its line.
func closeLine(text, opened string) string {
	at := strings.Index(text, opened)
	end := at + strings.IndexByte(text[at:], '\n')
	return text[:end] + " }" + text[end:]
}
