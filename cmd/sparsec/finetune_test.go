package main

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/ckpt"
)

// lagText is a model that another program trained, in its names: it reads two numbers
// and tells in which quarter those of a step before were.
const lagText = `model  "lag"
input  x [2]
state  rnn.h [32]
param  rnn.weight_ih_l0 [96 2]
param  rnn.weight_hh_l0 [96 32]
param  rnn.bias_ih_l0 [96]
param  rnn.bias_hh_l0 [96]
param  fc.weight [4 32]
param  fc.bias [4]
node   rnn = GRU(x) weight_ih=rnn.weight_ih_l0 weight_hh=rnn.weight_hh_l0 bias_ih=rnn.bias_ih_l0 bias_hh=rnn.bias_hh_l0 h=rnn.h reset=after func=tanh
node   fc = Linear(rnn) weight=fc.weight bias=fc.bias
output fc
tensor input x [1 1 2] time=0 (value=x)
tensor output y [1 1 4] time=0 (value=fc)
`

// lagModel writes the model with random weights, and sequences to train it on.
func lagModel(t *testing.T) (model, arrays string) {
	t.Helper()
	m, err := ir.Parse(strings.NewReader(lagText))
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 1))
	for _, p := range m.Params {
		p.Data = make([]float32, p.Len())
		for i := range p.Data {
			p.Data[i] = float32(r.NormFloat64()) / 5
		}
	}
	dir := t.TempDir()
	model, arrays = filepath.Join(dir, "lag.ckpt"), filepath.Join(dir, "lag.npz")
	if err := ckpt.Write(model, m, nil); err != nil {
		t.Fatal(err)
	}
	const sequences, steps = 150, 16
	var x, y []float64
	for range sequences {
		class := 0.0
		for range steps {
			a, b := r.NormFloat64(), r.NormFloat64()
			x, y = append(x, a, b), append(y, class)
			class = 0
			if a > 0 {
				class++
			}
			if b > 0 {
				class += 2
			}
		}
	}
	writeArrays(t, arrays, shaped{"x", "150, 16, 2", x}, shaped{"y", "150, 16", y})
	return model, arrays
}

// writeArrays writes an .npz of arrays and their dimensions.
func writeArrays(t *testing.T, path string, arrays ...shaped) {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, a := range arrays {
		w, err := z.Create(a.name + ".npy")
		if err != nil {
			t.Fatal(err)
		}
		header := fmt.Sprintf("{'descr': '<f8', 'fortran_order': False, 'shape': (%s,), }\n", a.shape)
		data := append([]byte("\x93NUMPY\x01\x00"), byte(len(header)), byte(len(header)>>8))
		data, _ = binary.Append(append(data, header...), binary.LittleEndian, a.values) // float64s always encode
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
}

// shaped is an array, its dimensions as a tuple of Python has them.
type shaped struct {
	name, shape string
	values      []float64
}

// TestFinetune teaches a model while it is pruned, which it says, and which the model
// that it writes holds.
func TestFinetune(t *testing.T) {
	model, arrays := lagModel(t)
	out := filepath.Join(t.TempDir(), "out.ckpt")
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), &env{stdout: &stdout, stderr: &stderr}, []string{"finetune", "-data", arrays, "-sparsity", "0.6", "-pattern", "lane8x8",
		"-steps", "200", "-streams", "16", "-rate", "0.01", "-workers", "1", "-progress", "none", model, "-o", out})
	if code != 0 {
		t.Fatalf("exit %d: %s", code, &stderr)
	}
	scores := regexp.MustCompile(`(?m)^(as it was|pruned at once|fine-tuned) +([0-9.]+) % correct$`).FindAllStringSubmatch(stdout.String(), -1)
	if len(scores) != 3 || !strings.Contains(stdout.String(), "test part, 240 targets") {
		t.Fatalf("want three scores of 240 targets in\n%s", &stdout)
	}
	var tuned float64
	if fmt.Sscan(scores[2][2], &tuned); tuned < 70 {
		t.Errorf("fine-tuned to %v %%, want it to have learnt", tuned)
	}
	m, _, err := ckpt.Read(out)
	if err != nil {
		t.Fatal(err)
	}
	zeros := 0
	for _, w := range m.Param("rnn.weight_hh_l0").Data {
		if w == 0 {
			zeros++
		}
	}
	if share := float64(zeros) / (96 * 32); share < 0.59 || len(m.Tensors) != 2 {
		t.Errorf("%.2f zeros and %d tensors at the edge, want 0.6 and the 2 of the model", share, len(m.Tensors))
	}
}

// TestFinetuneRefuses holds the errors of models and data that do not fit.
func TestFinetuneRefuses(t *testing.T) {
	model, arrays := lagModel(t)
	odd := filepath.Join(t.TempDir(), "odd.ckpt")
	m, _, err := ckpt.Read(model)
	if err != nil {
		t.Fatal(err)
	}
	m.Nodes[1].Inputs[0] = "e"
	m.Nodes = append(m.Nodes[:1:1], ir.Node{Name: "e", Op: ir.Activation{Func: ir.Exp}, Inputs: []string{"rnn"}}, m.Nodes[1])
	if err := ckpt.Write(odd, m, nil); err != nil {
		t.Fatal(err)
	}
	one := filepath.Join(t.TempDir(), "one.npz")
	writeArrays(t, one, shaped{"x", "1, 1, 2", []float64{1, 2}})
	for _, tc := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"-data", arrays, odd}, 1, `node "e": Activation, which cannot be trained`},
		{[]string{"-data", one, model}, 1, `want arrays x, what the model reads, and y`},
		{[]string{"-data", arrays, "-task", "class", model}, 2, `are of task tag`},
		{[]string{"-data", model, model}, 2, `does not say how its data are read`},
		{[]string{"-data", arrays}, 2, `want one argument, a model`},
	} {
		var stdout, stderr bytes.Buffer
		out := filepath.Join(t.TempDir(), "out.ckpt")
		code := run(t.Context(), &env{stdout: &stdout, stderr: &stderr}, append([]string{"finetune", "-progress", "none", "-o", out}, tc.args...))
		if code != tc.code || !strings.Contains(stderr.String(), tc.want) {
			t.Errorf("%q: exit %d, %s\nwant %d, …%s", tc.args, code, &stderr, tc.code, tc.want)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%q: wrote a file", tc.args)
		}
	}
}
