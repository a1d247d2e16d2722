package pass

import (
	"math"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/ir"
)

// fourier is a windowed Fourier transform of two overlapping windows of 96, its
// sines and cosines row by row in turn.
func fourier(t *testing.T) *ir.Model {
	t.Helper()
	m := parse(t, `model "m"
input x [144]
param w [98 96]
param b [98]
node windows = Pick(x) spans="0:96/48:96"
node f = Linear(windows) weight=w bias=b rows=2
output f
`, nil)
	w := m.Param("w").Data
	for k := range 49 {
		for n := range 49 {
			window, phase := 0.5-0.5*math.Cos(2*math.Pi*float64(n)/96), 2*math.Pi*float64(k*n%96)/96
			c, s := float32(window*math.Cos(phase)), float32(window*math.Sin(phase))
			w[2*k*96+n], w[(2*k+1)*96+n] = c, s
			if n > 0 {
				w[2*k*96+96-n], w[(2*k+1)*96+96-n] = c, -s
			}
		}
		w[(2*k+1)*96+48] = 0
	}
	return m
}

func TestFoldMirrors(t *testing.T) {
	m := fourier(t)
	r := &Report{}
	got := apply1(t, "fold-mirrors", m, r)
	var text strings.Builder
	if err := ir.Print(&text, apply1(t, "fold-picks", got, r)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"param  w.even [49 48]\n", "param  w.odd [49 48]\n", "param  b.odd [49]\n",
		"node   f.left = Pick(x) spans=1:96\n", "node   f.right = Pick(x) spans=95:47:-1/-1:1/143:47:-1/-1:1\n",
		"node   f.even.x = Binary(f.left, f.right) func=add\n", "node   f.odd.x = Binary(f.left, f.right) func=sub\n",
		"node   f.even = Linear(f.even.x) weight=w.even bias=b.even rows=2\n",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("got\n%swant %s", &text, want)
		}
	}
	if !strings.Contains(r.Notes[0].Text, `47 of 96 columns of "w" mirror others`) {
		t.Errorf("notes %v", r.Notes)
	}
	sameOutputs(t, m, got)
}

// TestFoldMirrorsLeavesOthers changes weights: a pair that is broken stays whole,
// few pairs are left alone, and so is a matrix that two nodes read.
func TestFoldMirrorsLeavesOthers(t *testing.T) {
	m := fourier(t)
	m.Param("w").Data[5*96+7] += 0x1p-20
	r := &Report{}
	got := apply1(t, "fold-mirrors", m, r)
	if got.Param("w.even").Shape[1] != 49 { // 46 pairs, the two of the broken one and the middle
		t.Errorf("shape %v, want 49 columns", got.Param("w.even").Shape)
	}
	sameOutputs(t, m, got)
	for c := range 48 {
		m.Param("w").Data[5*96+c] += 0x1p-20 * float32(c%4/3)
	}
	for name, m := range map[string]*ir.Model{"broken pairs": m, "shared": shared(fourier(t))} {
		if got := apply1(t, "fold-mirrors", m, r); got.Param("w") == nil {
			t.Errorf("%s: the matrix was taken apart", name)
		}
	}
}

func shared(m *ir.Model) *ir.Model {
	m.Nodes = append(m.Nodes, ir.Node{Name: "g", Op: ir.Linear{Weight: "w", Rows: 2}, Inputs: []string{"windows"}})
	m.Outputs = append(m.Outputs, "g")
	return m
}
