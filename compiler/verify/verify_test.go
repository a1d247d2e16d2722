package verify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/sparsec/sparsec/codegen"
	"github.com/sparsec/sparsec/compiler/lower"
	"github.com/sparsec/sparsec/compiler/schedule"
	"github.com/sparsec/sparsec/compiler/scratch"
	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/eval"
)

// model has every recurrent op, with sparse weights.
func model() *ir.Model {
	rng := rand.New(rand.NewPCG(1, 2))
	m := &ir.Model{
		Name:   "all",
		Inputs: []ir.Input{{Name: "tok", Type: ir.IndexOf(11)}, {Name: "x", Type: ir.Vector(6)}},
	}
	param := func(name string, density float64, shape ...int) string {
		p := &ir.Param{Name: name, Shape: shape}
		p.Data = make([]float32, p.Len())
		for i := range p.Data {
			if rng.Float64() < density {
				p.Data[i] = float32(rng.NormFloat64()) * .4
			}
		}
		m.Params = append(m.Params, p)
		return name
	}
	state := func(name string, n int, init string) string {
		m.States = append(m.States, ir.State{Name: name, Size: n, Init: init})
		return name
	}
	node := func(name string, op ir.Op, inputs ...string) {
		m.Nodes = append(m.Nodes, ir.Node{Name: name, Op: op, Inputs: inputs})
	}
	node("emb", ir.Embedding{Weight: param("emb.weight", 1, 11, 5)}, "tok")
	node("cat", ir.Concat{}, "emb", "x")
	node("gru", ir.GRU{
		WeightIH: param("gru.w", .5, 3*21, 11), WeightHH: param("gru.u", .1, 3*21, 21),
		BiasIH: param("gru.b", 1, 3*21), BiasHH: param("gru.c", 1, 3*21),
		H: state("gru.h", 21, param("gru.h0", 1, 21)), Func: ir.Tanh}, "cat")
	node("before", ir.GRU{
		WeightIH: param("before.w", .3, 3*30, 21), WeightHH: param("before.u", .1, 3*30, 30),
		BiasIH: param("before.b", 1, 3*30),
		H:      state("before.h", 30, ""), Reset: ir.ResetBefore, Func: ir.Tanh}, "gru")
	node("lstm", ir.LSTM{
		WeightIH: param("lstm.w", .2, 4*19, 30), WeightHH: param("lstm.u", .2, 4*19, 19),
		BiasIH: param("lstm.b", 1, 4*19),
		H:      state("lstm.h", 19, ""), C: state("lstm.c", 19, "")}, "before")
	node("rnn", ir.RNN{
		WeightIH: param("rnn.w", .3, 33, 19), WeightHH: param("rnn.u", .05, 33, 33),
		H: state("rnn.h", 33, ""), Func: ir.ClippedReLU, Clip: 2}, "lstm")
	node("logits", ir.Linear{Weight: param("out.w", .4, 7, 33), Bias: param("out.b", 1, 7)}, "rnn")
	node("y", ir.Softmax{}, "logits")
	m.Outputs = []string{"y", "logits"}
	return m
}

func inputs(n int) []eval.Frame {
	return RandomInputs(model(), rand.New(rand.NewPCG(3, 4)), n)
}

// vectors are the reference frames of a package.
func vectors(t *testing.T, m *ir.Model, in []eval.Frame) codegen.Vectors {
	t.Helper()
	want, err := reference(m, rounded(in))
	if err != nil {
		t.Fatal(err)
	}
	var v codegen.Vectors
	for i, f := range in {
		x := make([]float32, len(f["x"]))
		for k := range x {
			x[k] = float32(f["x"][k])
		}
		v = append(v, codegen.Frame{
			Inputs: [][]float32{nil, x}, Indices: []int{int(f["tok"][0]), 0},
			Outputs: [][]float64{want[i]["y"], want[i]["logits"]},
		})
	}
	return v
}

func compile(t *testing.T, m *ir.Model) *Package {
	t.Helper()
	return compileBatch(t, m, 0)
}

// compileBatch compiles with streams in lockstep, 0 for none.
func compileBatch(t *testing.T, m *ir.Model, streams int) *Package {
	t.Helper()
	plan, err := schedule.Choose(m, schedule.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := lower.Lower(m, plan)
	if err != nil {
		t.Fatal(err)
	}
	o := codegen.Options{Package: "all", Vectors: vectors(t, m, inputs(8)), Batch: codegen.Batch{Streams: streams}}
	if streams > 0 {
		_, lanes := codegen.Lockstep(streams)
		if o.Batch.Program, err = lower.Batch(p, plan.WithLockstep(m, schedule.Options{}, lanes)); err != nil {
			t.Fatal(err)
		}
	}
	files, err := codegen.Emit(p, o)
	if err != nil {
		t.Fatal(err)
	}
	return &Package{Files: files, Program: p, Batch: o.Batch.Program, Streams: streams, Model: m}
}

// replace is the package with a file changed.
func replace(pkg *Package, name string, change func([]byte) []byte) *Package {
	changed := *pkg
	changed.Files = slices.Clone(pkg.Files)
	for i, f := range changed.Files {
		if f.Name == name {
			changed.Files[i] = txtar.File{Name: name, Data: change(bytes.Clone(f.Data))}
		}
	}
	return &changed
}

func TestRun(t *testing.T) {
	pkg := compile(t, model())
	r, err := Run(context.Background(), pkg, inputs(40), Options{Tolerance: 1e-4})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", r)
	if !r.OK() {
		t.Error("not verified")
	}
	if len(r.Runs) == 0 || r.Runs[0].Kernel != Generic || len(r.Matrices) != len(pkg.Program.Matrices) {
		t.Errorf("%d runs, %d matrices of %d", len(r.Runs), len(r.Matrices), len(pkg.Program.Matrices))
	}
	// Another machine word in the sum is enough to differ from float64.
	for _, o := range r.Runs[0].Outputs {
		if o.MaxAbs == 0 {
			t.Errorf("output %q equals the float64 reference to the last bit: was it run?", o.Name)
		}
	}
}

// TestOwnTests runs the tests inside the package, reference vectors among them.
func TestOwnTests(t *testing.T) {
	m, err := scratch.New(modulePath)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if err := write(m, compile(t, model())); err != nil {
		t.Fatal(err)
	}
	for _, tags := range []string{"", "purego"} {
		out, err := m.GoRun(context.Background(), "test", "-v", "-run", "Vectors|Twin", "-tags", tags, "./model")
		if err != nil || !bytes.Contains(out, []byte("--- PASS: TestVectors")) {
			t.Errorf("-tags %q: %v\n%s", tags, err, out)
		}
	}
}

// TestFindsDifferences verifies packages against models that they are not.
func TestFindsDifferences(t *testing.T) {
	pkg := compile(t, model())
	t.Run("mask", func(t *testing.T) {
		other := model()
		u := other.Param("before.u")
		i := slices.IndexFunc(u.Data[60*30:], func(w float32) bool { return w != 0 }) + 60*30
		u.Data[i] = 0
		r, err := Run(context.Background(), &Package{Files: pkg.Files, Program: pkg.Program, Model: other}, inputs(3), Options{Kernels: []string{Generic}})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range r.Matrices {
			want := 0
			if m.Name == "before.u[60:90]" {
				want = 1
			}
			if m.Differ != want || m.Emitted-m.Model != want {
				t.Errorf("%s: %+v, want %d positions to differ", m.Name, m, want)
			}
		}
		if r.OK() {
			t.Error("verified")
		}
	})
	t.Run("weight", func(t *testing.T) {
		other := model()
		other.Param("out.b").Data[2] += .5
		r, err := Run(context.Background(), &Package{Files: pkg.Files, Program: pkg.Program, Model: other}, inputs(3), Options{Kernels: []string{Generic}})
		if err != nil {
			t.Fatal(err)
		}
		logits := r.Runs[0].Outputs[1]
		if r.OK() || logits.Diverges != 0 || logits.MaxAbs < .49 || logits.MaxAbs > .51 {
			t.Errorf("a bias is off by 0.5:\n%s", r)
		}
		if !strings.Contains(fmt.Sprint(r), "beyond the tolerance 0.0001 from step 0 on") {
			t.Errorf("report:\n%s", r)
		}
	})
}

func TestErrors(t *testing.T) {
	pkg := compile(t, model())
	rows := []struct {
		name string
		pkg  *Package
		in   []eval.Frame
		o    Options
		want string
	}{
		{"no frames", pkg, nil, Options{}, "no input frames"},
		{"weights changed", replace(pkg, weightsFile, func(b []byte) []byte { b[pkg.Program.Layout().Matrices[0][0]] ^= 1; return b }),
			inputs(1), Options{}, `of matrix "gru.w"`},
		{"weights missing", &Package{Program: pkg.Program, Model: pkg.Model}, inputs(1), Options{}, "no weights.bin"},
		{"does not build", replace(pkg, "model.go", func(b []byte) []byte { return append(b, "var x int = y\n"...) }),
			inputs(1), Options{}, "undefined: y"},
		{"wrong frame of assembly", replace(pkg, "kernels_amd64.s", func(b []byte) []byte { return bytes.Replace(b, []byte("$0-24"), []byte("$0-16"), 1) }),
			inputs(1), Options{}, "wrong argument size"},
		{"unknown kernel", pkg, inputs(1), Options{Kernels: []string{"neon"}}, `kernel "neon"`},
		{"missing input", pkg, []eval.Frame{{"tok": {1}}}, Options{}, `input "x" is missing`},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			if _, err := Run(context.Background(), r.pkg, r.in, r.o); err == nil || !strings.Contains(err.Error(), r.want) {
				t.Errorf("error %v, want one with %q", err, r.want)
			}
		})
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Run(ctx, pkg, inputs(1), Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: error %v", err)
	}
	if _, err := Run(context.Background(), pkg, inputs(1), Options{Go: "no-such-go"}); !errors.Is(err, exec.ErrNotFound) {
		t.Errorf("no go command: error %v", err)
	}
}
