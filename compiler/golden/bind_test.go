package golden

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/ir"
)

// counter is a model whose state is the sum of all x so far; its output is the same.
const counter = `model "counter"
input x [2]
state h [2]
param one [2 2]
node r = RNN(x) weight_ih=one weight_hh=one h=h func=identity
output r
`

func parse(t *testing.T) *ir.Model {
	t.Helper()
	m, err := ir.Parse(strings.NewReader(counter))
	if err != nil {
		t.Fatal(err)
	}
	m.Param("one").Data = []float32{1, 0, 0, 1}
	return m
}

// imported is the model with tensors as an importer would give it: batch and
// direction in front, and the state at both ends.
func imported(t *testing.T) *ir.Model {
	m := parse(t)
	value := func(name string) []ir.Part { return []ir.Part{{Kind: ir.ValuePart, Name: name}} }
	state := []ir.Part{{Kind: ir.StatePart, Name: "h"}}
	m.Tensors = []ir.Tensor{
		{Name: "X", Shape: []int{1, 1, 2}, Time: 1, Parts: value("x")},
		{Name: "h0", Shape: []int{1, 2}, Time: -1, Parts: state},
		{Name: "Y", Output: true, Shape: []int{1, 1, 2}, Time: 1, Parts: value("r")},
		{Name: "hN", Output: true, Shape: []int{1, 2}, Time: -1, Parts: state},
	}
	if err := m.Verify(); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestBind(t *testing.T) {
	x := Array{Name: "X", Shape: []int{1, 3, 2}, Data: []float64{1, 2, 3, 4, 5, 6}}
	y := Array{Name: "Y", Shape: []int{1, 3, 2}, Data: []float64{1, 2, 4, 6, 9, 12}}
	h0 := Array{Name: "h0", Shape: []int{1, 2}, Data: []float64{10, 20}}
	hN := Array{Name: "hN", Shape: []int{1, 2}, Data: []float64{9, 12}}
	weights := Array{Name: "W", Side: InputSide, Shape: []int{1}, Data: []float64{1}}
	for _, test := range []struct {
		name   string
		model  *ir.Model
		arrays []Array
		o      Options
		unset  []string
		stops  []int
		wrong  []string // tensors that differ
		untold []string
	}{
		{"all names, initial state missing", imported(t), []Array{x, y, hN}, Options{}, []string{"h0"}, []int{3}, nil, nil},
		{"a given state", imported(t), []Array{x, h0,
			{Name: "Y", Shape: []int{1, 3, 2}, Data: []float64{11, 22, 14, 26, 19, 32}}, {Name: "hN", Shape: []int{1, 2}, Data: []float64{19, 32}}},
			Options{}, nil, []int{3}, nil, nil},
		{"constants of the model", imported(t), []Array{x, h0, weights,
			{Name: "Y", Shape: []int{1, 3, 2}, Data: []float64{11, 22, 14, 26, 19, 32}}, {Name: "hN", Shape: []int{1, 2}, Data: []float64{19, 32}}},
			Options{}, nil, []int{3}, nil, nil},
		{"a wrong state", imported(t), []Array{x, h0, y, hN}, Options{}, nil, []int{3}, []string{"Y", "hN"}, nil},
		{"states of the first steps", imported(t), []Array{x, y, hN, {Name: "first", Shape: []int{2, 2}, Data: []float64{1, 2, 4, 6}}},
			Options{As: []As{{Tensor: "hN", Array: "first"}}}, []string{"h0"}, []int{1, 2, 3}, nil, nil},
		{"a wrong step", imported(t), []Array{x, y, hN, {Name: "first", Shape: []int{2, 1, 2}, Data: []float64{1, 2, 4, 7}}},
			Options{As: []As{{Tensor: "hN", Array: "first"}}}, []string{"h0"}, []int{1, 2, 3}, []string{"hN"}, nil},
		{"windows", imported(t), []Array{{Name: "signal", Shape: []int{3}, Data: []float64{1, 2, 3}}, {Name: "Y", Shape: []int{1, 3, 2}, Data: []float64{0, 1, 1, 3, 3, 6}}},
			Options{As: []As{{Tensor: "X", Array: "signal", Window: 2, Hop: 1}}, Ignore: []string{"hN"}}, []string{"h0"}, []int{3}, nil, nil},
		{"an ignored array", imported(t), []Array{x, y, hN, {Name: "more", Shape: []int{1}, Data: []float64{0}}},
			Options{Ignore: []string{"more"}}, []string{"h0"}, []int{3}, nil, nil},
		{"a model trained here", parse(t), []Array{{Name: "x", Shape: []int{3, 2}, Data: x.Data}, {Name: "r", Shape: []int{3, 2}, Data: y.Data}, {Name: "h", Shape: []int{2}, Data: hN.Data}},
			Options{}, nil, []int{3}, nil, nil},
		{"no states", imported(t), []Array{x, y}, Options{}, []string{"h0"}, []int{3}, nil, []string{"hN"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := Bind(test.model, &File{Path: "ref", Arrays: test.arrays}, test.o)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(c.Untold, test.untold) {
				t.Errorf("untold %v, want %v", c.Untold, test.untold)
			}
			if !slices.Equal(c.Unset, test.unset) || !slices.Equal(c.Sequence.Stops, test.stops) {
				t.Errorf("unset %v, stops %v; want %v and %v", c.Unset, c.Sequence.Stops, test.unset, test.stops)
			}
			r, err := Interpret(c.Model, &c.Sequence)
			if err != nil {
				t.Fatal(err)
			}
			var wrong []string
			for _, d := range c.Compare(r, nil, 0) {
				if !d.OK() {
					wrong = append(wrong, d.Tensor)
				}
			}
			if !reflect.DeepEqual(wrong, test.wrong) {
				t.Errorf("%v differ, want %v", wrong, test.wrong)
			}
		})
	}
}

func TestBindFaults(t *testing.T) {
	x := Array{Name: "X", Shape: []int{1, 3, 2}, Data: make([]float64, 6)}
	y := Array{Name: "Y", Shape: []int{1, 3, 2}, Data: make([]float64, 6)}
	hN := Array{Name: "hN", Shape: []int{1, 2}, Data: make([]float64, 2)}
	sides, weights := y, Array{Name: "W", Side: InputSide, Shape: []int{1}, Data: []float64{1}}
	sides.Side = InputSide
	for _, test := range []struct {
		name   string
		arrays []Array
		o      Options
		want   string
	}{
		{"names on both sides", []Array{x, y, {Name: "h_n", Shape: []int{1, 2}, Data: hN.Data}}, Options{},
			"ref: no array for hN of the model\nthe model has no tensor for h_n\nthe file has X [1 3 2], Y [1 3 2], h_n [1 2]\n" +
				"the model has input X [1 T 2], input h0 [1 2], output Y [1 T 2], output hN [1 2]"},
		{"the other side", []Array{x, sides, hN}, Options{}, "no array for Y of the model"},
		{"nothing to compare", []Array{x}, Options{Ignore: []string{"Y"}}, "no array for hN of the model"},
		{"weights, but a state is missing", []Array{x, y, hN, weights}, Options{}, "the model has no tensor for W"},
		{"steps", []Array{x, {Name: "Y", Shape: []int{1, 4, 2}, Data: make([]float64, 8)}, hN}, Options{}, "tensor Y: array Y is of 4 steps, want 3"},
		{"more states than steps", []Array{x, y, {Name: "hN", Shape: []int{4, 2}, Data: make([]float64, 8)}}, Options{}, "tensor hN: array hN tells of 4 steps, want at most 3"},
		{"shape", []Array{{Name: "X", Shape: []int{3, 2}, Data: x.Data}, y, hN}, Options{}, "tensor X: array X is [3 2], want [1 T 2]"},
		{"size", []Array{x, y, {Name: "hN", Shape: []int{3}, Data: make([]float64, 3)}}, Options{}, "tensor hN: array hN is [3], want [1 2]"},
		{"unknown -as", []Array{x, y, hN}, Options{As: []As{{Tensor: "hN", Array: "h_n"}}}, "hN=h_n: not both are there"},
		{"two arrays of an input", []Array{x, y, hN, {Name: "x", Shape: []int{1, 3, 2}, Data: x.Data}}, Options{As: []As{{Tensor: "X", Array: "x"}}}, "input X: 2 arrays, want one"},
		{"width of windows", []Array{{Name: "s", Shape: []int{3}, Data: x.Data[:3]}, y, hN}, Options{As: []As{{Tensor: "X", Array: "s", Window: 3, Hop: 1}}}, "windows of 3, want 2 elements"},
		{"rest of a signal", []Array{{Name: "s", Shape: []int{3}, Data: x.Data[:3]}, y, hN}, Options{As: []As{{Tensor: "X", Array: "s", Window: 2, Hop: 2}}}, "want a multiple of the hop"},
	} {
		_, err := Bind(imported(t), &File{Path: "ref", Arrays: test.arrays}, test.o)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want one with %q", test.name, err, test.want)
		}
	}
}

func TestParseAs(t *testing.T) {
	for text, want := range map[string]As{
		"input=audio:576:512": {"input", "audio", 576, 512},
		"output=prob":         {"output", "prob", 0, 0},
		"y=output:0":          {"y", "output:0", 0, 0},
		"y=a:b:c":             {"y", "a:b:c", 0, 0},
	} {
		if got, err := ParseAs(text); err != nil || got != want || got.String() != text {
			t.Errorf("%s: %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "x", "=x", "x=", "x=:4:2", "x=a:4:0", "x=a:2:4", "x=a:99999999999:1"} {
		if a, err := ParseAs(text); err == nil {
			t.Errorf("%q became %v", text, a)
		}
	}
}

// TestCompare holds the measures against numbers worked out by hand.
func TestCompare(t *testing.T) {
	c := &Case{Sequence: Sequence{Stops: []int{8}}}
	w := Want{Tensor: ir.Tensor{Name: "y", Output: true, Parts: []ir.Part{{Kind: ir.ValuePart, Name: "y"}}}, Array: "y"}
	r := &Run{}
	for step := range 8 {
		w.Steps = append(w.Steps, step)
		w.Values = append(w.Values, []float64{1, -4})
		got := []float64{1, -4 - float64(step)*0x1p-22}
		r.Outputs = append(r.Outputs, map[string][]float64{"y": got})
	}
	c.Wants = []Want{w}
	// At 4 a unit in the last place is 2^-21.
	want := Difference{
		Tensor: "y", Array: "y", Steps: 8, Largest: 4, MaxAbs: 7 * 0x1p-22, MaxRel: 7 * 0x1p-24, MaxULP: 3.5,
		Step: 7, Diverges: 5, Early: 0x1p-24, Late: 7 * 0x1p-24,
	}
	if got := c.Compare(r, nil, 4*0x1p-24)[0]; got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	// An exact run that is off by a unit of 2^-24 in step 5 allows as much there, and
	// the tolerance again where it is off by more.
	exact := &Run{}
	for step := range 8 {
		got := []float64{1, -4}
		switch step {
		case 5:
			got[1] -= 0x1p-22
		case 6:
			got[1] -= 1
		}
		exact.Outputs = append(exact.Outputs, map[string][]float64{"y": got})
	}
	want.Diverges = 7
	if got := c.Compare(r, exact, 4*0x1p-24)[0]; got != want {
		t.Errorf("beside an exact run: %+v, want %+v", got, want)
	}
	if got := c.Compare(r, exact, 2.5*0x1p-24)[0]; got.Diverges != 3 {
		t.Errorf("beside an exact run: diverges in step %d, want 3", got.Diverges)
	}
	r.Outputs[3]["y"][0] = math.NaN()
	if got := c.Compare(r, nil, 1)[0]; got.Diverges != 3 || !math.IsInf(got.MaxRel, 1) {
		t.Errorf("NaN for a number: %+v", got)
	}
	w.Values[3][0] = math.NaN()
	if got := c.Compare(r, nil, 1)[0]; !got.OK() {
		t.Errorf("NaN for NaN: %+v", got)
	}
}
