package lower

import (
	"bytes"
	"flag"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/sparsec/sparsec/compiler/schedule"
	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/eval"
	"github.com/sparsec/sparsec/ir/kernel"
)

var update = flag.Bool("update", false, "rewrite the golden archives")

// TestGolden lowers the graph of each archive, compares plan and program with
// the archive's, and runs the program against the graph.
func TestGolden(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			m := filled(t, string(archive.Files[0].Data))
			plan, p := lowered(t, m)
			got := &txtar.Archive{Comment: archive.Comment, Files: []txtar.File{
				archive.Files[0],
				{Name: "plan.json", Data: plan},
				{Name: "program", Data: []byte(p.String())},
			}}
			if *update {
				if err := os.WriteFile(path, txtar.Format(got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if !bytes.Equal(txtar.Format(got), txtar.Format(archive)) {
				t.Errorf("%s is stale (run with -update after a change that is meant); got\n%s", path, txtar.Format(got))
			}
			runsAsGraph(t, m, p)
		})
	}
}

// filled parses a graph and gives every tensor weights, a quarter of them kept.
func filled(t *testing.T, text string) *ir.Model {
	t.Helper()
	m, err := ir.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(9, 9))
	for _, p := range m.Params {
		p.Data = make([]float32, p.Len())
		for i := range p.Data {
			if len(p.Shape) == 1 || rng.IntN(4) == 0 {
				p.Data[i] = float32(rng.NormFloat64() / 2)
			}
		}
	}
	return m
}

func lowered(t *testing.T, m *ir.Model) ([]byte, *kernel.Program) {
	t.Helper()
	plan, err := schedule.Choose(m, schedule.Options{})
	if err != nil {
		t.Fatal(err)
	}
	text, err := plan.Encode()
	if err != nil {
		t.Fatal(err)
	}
	p, err := Lower(m, plan)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Verify(); err != nil {
		t.Fatalf("%v\n%s", err, p)
	}
	return text, p
}

// runsAsGraph compares the program with the float64 graph: sums of at most 40
// products of size 1, below 40·2^-24 each, and a factor of ten for eight frames.
func runsAsGraph(t *testing.T, m *ir.Model, p *kernel.Program) {
	t.Helper()
	g, err := eval.New(m)
	if err != nil {
		t.Fatal(err)
	}
	e, err := eval.NewProgram(p)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(4, 4))
	for frame := range 8 {
		in := eval.Frame{}
		for _, port := range m.Inputs {
			x := make([]float64, port.Type.Len())
			for i := range x {
				x[i] = float64(float32(rng.NormFloat64()))
				if port.Type.DType == ir.Index {
					x[i] = float64(rng.IntN(port.Type.Bound))
				}
			}
			in[port.Name] = x
		}
		want, err := g.Step(in)
		if err != nil {
			t.Fatal(err)
		}
		got, err := e.Step(in)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range m.Outputs {
			for i, w := range want[name] {
				if !(math.Abs(got[name][i]-w) <= 3e-5*max(1, math.Abs(w))) {
					t.Fatalf("frame %d: %s[%d] is %v, want %v\n%s", frame, name, i, got[name][i], w, p)
				}
			}
		}
	}
}

// TestSharedProductIsPackedOnce: two nodes with one weight share its matrix and
// its bias.
func TestSharedProductIsPackedOnce(t *testing.T) {
	m := filled(t, `model "m"
input x [6]
param w [6 6]
param b [6]
node a = Linear(x) weight=w bias=b
node y = Linear(a) weight=w bias=b
output y
`)
	_, p := lowered(t, m)
	if len(p.Matrices) != 1 || len(p.Consts) != 1 {
		t.Errorf("%d matrices and %d constants, want one of each", len(p.Matrices), len(p.Consts))
	}
	runsAsGraph(t, m, p)
}

func TestPlanThatDoesNotFit(t *testing.T) {
	m := filled(t, "model \"m\"\ninput x [6]\nparam w [6 6]\nnode y = Linear(x) weight=w\noutput y\n")
	_, err := Lower(m, &schedule.Plan{})
	if err == nil || !strings.Contains(err.Error(), `node "y": matrix "w": the plan has no entry`) {
		t.Errorf("got %v", err)
	}
}
