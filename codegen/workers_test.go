package codegen

import (
	"math"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/sparsec/sparsec/ir/kernel"
)

// shared has the program's products shared, however small.
func shared(t *testing.T, p *kernel.Program, workers, phases int) *kernel.Program {
	t.Helper()
	if n := p.Share(workers, math.Inf(-1)); n != phases {
		t.Fatalf("%d phases, want %d:\n%s", n, phases, p)
	}
	return p
}

// TestWorkers runs the tests of packages with workers: phases of one product and
// of several, with assembly and without, and without it under the race detector,
// which does not see assembly.
func TestWorkers(t *testing.T) {
	dir := module(t, nil)
	for name, o := range map[string]struct {
		program *kernel.Program
		workers int
	}{
		"gru":    {shared(t, gru(t, 45), 2, 2), 2},
		"talker": {shared(t, talker(t), 3, 3), 3},
		"relu":   {shared(t, reluGRU(t), 4, 1), 4},
	} {
		for _, f := range emit(t, o.program, Options{Package: name, Workers: o.workers}) {
			put(t, dir, name+"/"+f.Name, f.Data)
		}
	}
	goTool(t, dir, nil, "vet", "./...")
	goTool(t, dir, nil, "test", "./...")
	if _, err := exec.LookPath("gcc"); err == nil { // which the race detector needs
		goTool(t, dir, nil, "test", "-race", "-tags", "purego", "-run", "Workers", "./...")
	}
	goTool(t, dir, []string{"GOARCH=arm64"}, "vet", "./...")
	goTool(t, dir, []string{"GOOS=js", "GOARCH=wasm"}, "build", "./...")
}

// TestWorkersOff wants nothing of workers in a package that was not asked for them.
func TestWorkersOff(t *testing.T) {
	for _, f := range emit(t, reluGRU(t), Options{Package: "m"}) {
		if strings.Contains(f.Name, "workers") || strings.Contains(string(f.Data), "orkers") {
			t.Errorf("%s is about workers", f.Name)
		}
	}
}

// TestWorkersSuiteCatches breaks packages in one place each and wants the test
// that is there for it to fail.
func TestWorkersSuiteCatches(t *testing.T) {
	rows := []struct{ name, test, file, old, new string }{
		{"lost", "TestWorkers", "workers.go", "layerGruGenericPhase0, s, 2)", "layerGruGenericPhase0, s, 1)"},
		{"allocating", "TestWorkersAllocations", "workers.go", "\tw.step(s)\n", "\tw.step(s)\n\tsink = make([]float32, 100)\n"},
		{"endless", "TestWorkersClose", "rt.go", "\t\tif c.task == nil {\n\t\t\treturn\n", "\t\tif c.task == nil {\n\t\t\tc.ended.Done()\n\t\t\tselect {}\n"},
	}
	dir := module(t, nil)
	for _, r := range rows {
		files := emit(t, shared(t, reluGRU(t), 2, 1), Options{Package: r.name, Workers: 2})
		put(t, dir, r.name+"/broken.go", []byte("package "+r.name+"\n\nvar sink []float32\n"))
		if !putBroken(t, dir, r.name, files, r.file, r.old, r.new) {
			t.Errorf("%s: %s has no %q", r.name, r.file, r.old)
		}
		cmd := exec.Command("go", "test", "-vet=off", "-run", "^"+r.test+"$", "./"+r.name)
		cmd.Dir, cmd.Env = dir, goEnv(nil)
		if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "--- FAIL: "+r.test) {
			t.Errorf("%s: %s does not fail: %v\n%s", r.name, r.test, err, out)
		}
	}
}

// putBroken writes a package with a text replaced in one file, and reports
// whether it was there.
func putBroken(t *testing.T, dir, name string, files []txtar.File, file, old, new string) (found bool) {
	t.Helper()
	for _, f := range files {
		text := string(f.Data)
		if f.Name == file {
			found = strings.Contains(text, old)
			text = strings.Replace(text, old, new, 1)
		}
		put(t, dir, name+"/"+f.Name, []byte(text))
	}
	return found
}

// TestEmitRefusesWorkers names what is wrong with the number of workers.
func TestEmitRefusesWorkers(t *testing.T) {
	for want, workers := range map[string]int{
		"1 workers: want 2 to 256": 1,
		"257 workers":              257,
		"has no products for them": 2,
	} {
		if _, err := Emit(reluGRU(t), Options{Package: "m", Workers: workers}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%d workers: error %v, want one with %q", workers, err, want)
		}
	}
}
