package eval

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/ir"
)

// sumModel adds what it reads to two states, one of them masked. Y [2 T 2·2] has
// 2 elements of its last axis a frame for each of two streams.
func sumModel(t *testing.T) *ir.Model {
	m := parse(t, `input a [2]
input b [2]
input n [1]
input k [2]
state ha [2]
state hb [2]
param wi [2 2]
param wh [2 2]
node ya = RNN(a) weight_ih=wi weight_hh=wh h=ha func=identity
node yb = RNN(b, n) weight_ih=wi weight_hh=wh h=hb func=identity
node yk = Binary(ya, k) func=add
output ya
output yb
output yk`)
	for _, p := range m.Params {
		p.Data = []float32{1, 0, 0, 1}
	}
	m.Tensors = []ir.Tensor{
		{Name: "X", Shape: []int{2, 1, 2}, Time: 1, Parts: []ir.Part{{Name: "a"}, {Name: "b"}}},
		{Name: "len", Shape: []int{1}, Time: -1, Parts: []ir.Part{{Kind: ir.LengthPart, Name: "n"}}},
		{Name: "k", Shape: []int{1, 2}, Time: -1, Parts: []ir.Part{{Name: "k"}}},
		{Name: "h0", Shape: []int{2, 2}, Time: -1, Parts: []ir.Part{{Kind: ir.StatePart, Name: "ha"}, {Kind: ir.StatePart, Name: "hb"}}},
		{Name: "Y", Output: true, Shape: []int{2, 2}, Time: 1, Parts: []ir.Part{{Name: "ya"}, {Name: "yb"}}},
		{Name: "ends", Output: true, Shape: []int{3, 2}, Time: -1,
			Parts: []ir.Part{{Kind: ir.FirstPart, Name: "yk"}, {Name: "yk"}, {Kind: ir.StatePart, Name: "hb"}}},
	}
	return m
}

func sumInputs() map[string]Tensor {
	return map[string]Tensor{
		"X":   {[]int{2, 3, 2}, []float64{1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60}},
		"len": {[]int{1}, []float64{2}},
		"k":   {[]int{1, 2}, []float64{0.5, 0.25}},
		"h0":  {[]int{2, 2}, []float64{100, 200, 300, 400}},
	}
}

func TestRunTensors(t *testing.T) {
	g := newGraph(t, sumModel(t))
	inputs := sumInputs()
	got, err := g.RunTensors(inputs)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]Tensor{
		"Y":    {[]int{2, 6}, []float64{101, 202, 104, 206, 109, 212, 310, 420, 340, 460, 0, 0}},
		"ends": {[]int{3, 2}, []float64{101.5, 202.25, 109.5, 212.25, 340, 460}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	delete(inputs, "h0") // the states go on as they are
	if got, err = g.RunTensors(inputs); err != nil {
		t.Fatal(err)
	}
	if y := got["ends"].Data; !slices.Equal(y, []float64{110.5, 214.25, 118.5, 224.25, 380, 520}) {
		t.Errorf("the second sequence: %v", y)
	}
}

// TestEdge holds that a model that was not imported has a frame a row.
func TestEdge(t *testing.T) {
	m := parse(t, "input i index[3]\ninput x [2]\nparam w [3 2]\nnode row = Embedding(i) weight=w\nnode y = Binary(row, x) func=mul\noutput y")
	m.Params[0].Data = []float32{1, 2, 3, 4, 5, 6}
	got, err := newGraph(t, m).RunTensors(map[string]Tensor{"i": {[]int{2}, []float64{2, 0}}, "x": {[]int{2, 2}, []float64{1, 1, 10, 100}}})
	if err != nil {
		t.Fatal(err)
	}
	if want := (Tensor{[]int{2, 2}, []float64{5, 6, 10, 200}}); !reflect.DeepEqual(got["y"], want) {
		t.Errorf("got %v, want %v", got["y"], want)
	}
}

func TestTensorFaults(t *testing.T) {
	m := sumModel(t)
	for _, tc := range []struct {
		name string
		x    *Tensor
		want string
	}{
		{"X", nil, `input tensor "X": is missing, want shape [2 T 2]`},
		{"X", &Tensor{[]int{2, 3}, make([]float64, 6)}, `input tensor "X": shape [2 3], want [2 T 2]`},
		{"X", &Tensor{[]int{2, 3, 3}, make([]float64, 18)}, `input tensor "X": shape [2 3 3], want [2 T 2]`},
		{"X", &Tensor{[]int{2, 0, 2}, nil}, `input tensor "X": shape [2 0 2], want [2 T 2]`},
		{"X", &Tensor{[]int{2, 3, 2}, make([]float64, 6)}, `input tensor "X": 6 numbers for shape [2 3 2], want 12`},
		{"len", &Tensor{[]int{1}, []float64{4}}, `input tensor "len": length 4, want a whole number from 0 to the 3 frames`},
		{"Z", &Tensor{}, `input tensor "Z": the model has none of that name, want one of ["X" "len" "k" "h0"]`},
	} {
		inputs := sumInputs()
		delete(inputs, tc.name)
		if tc.x != nil {
			inputs[tc.name] = *tc.x
		}
		if _, _, err := Frames(m, inputs); err == nil || err.Error() != tc.want {
			t.Errorf("got %v, want %s", err, tc.want)
		}
	}
	m.Tensors[2].Time = 0 // k [T 2]
	if _, _, err := Frames(m, sumInputs()); err == nil || err.Error() != `input tensor "k": 1 frames, want 3 as in the tensors before` {
		t.Errorf("got %v", err)
	}
	m.Tensors[2].Shape[1], m.Tensors[2].Shape[0] = 1, 2
	if _, _, err := Frames(m, sumInputs()); err == nil || !strings.Contains(err.Error(), "want [2·T 1]") {
		t.Errorf("got %v", err)
	}
	if _, err := Assemble(m, []Frame{{"ya": {1, 2}}}, nil); err == nil || !strings.Contains(err.Error(), `output tensor "Y": frame 0: value "yb" is missing`) {
		t.Errorf("got %v", err)
	}
	if _, err := Assemble(m, nil, nil); err == nil {
		t.Error("tensors were made of no frames")
	}
}
