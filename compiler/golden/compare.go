package golden

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/sparsec/sparsec/ir"
)

// DefaultTolerance bounds the error of an element relative to the largest element
// of its tensor: a few roundings of float32, since both sides add up their products
// in orders of their own.
const DefaultTolerance = 2e-6

// Difference is how far a run is from the file in one tensor.
type Difference struct {
	Tensor   string
	State    bool
	Array    string
	Steps    int     // that the file tells of
	Largest  float64 // largest |want|
	MaxAbs   float64 // largest |got − want|
	MaxRel   float64 // MaxAbs by Largest, or as it is where that is 0
	MaxULP   float64 // largest |got − want| in units in the last place of float32 at want
	Step     int     // where MaxAbs is
	Diverges int     // first step beyond the tolerance; −1 if none is
	Early    float64 // largest error relative to Largest in the first quarter of the steps
	Late     float64 // and in the last; both 0 below four steps
}

// Compare measures a run against the file. The tolerance is relative to the largest
// element of a tensor in the file; 0 stands for DefaultTolerance.
func (c *Case) Compare(r *Run, tolerance float64) []Difference {
	if tolerance == 0 {
		tolerance = DefaultTolerance
	}
	var all []Difference
	for i := range c.Wants {
		all = append(all, c.compare(&c.Wants[i], r, tolerance))
	}
	return all
}

func (c *Case) compare(w *Want, r *Run, tolerance float64) Difference {
	d := Difference{Tensor: w.Tensor.Name, State: w.IsState(), Array: w.Array, Steps: len(w.Steps), Diverges: -1}
	for _, want := range w.Values {
		for _, v := range want {
			d.Largest = max(d.Largest, math.Abs(v))
		}
	}
	scale := d.Largest
	if scale == 0 || math.IsInf(scale, 0) {
		scale = 1
	}
	for k, step := range w.Steps {
		worst := 0.0
		for i, got := range c.got(&w.Tensor, r, step) {
			abs, ulp := distance(got, w.Values[k][i])
			worst, d.MaxULP = max(worst, abs), max(d.MaxULP, ulp)
		}
		d.add(k, step, worst, scale, tolerance)
	}
	return d
}

// add takes in the largest error of the k-th step that the file tells of.
func (d *Difference) add(k, step int, abs, scale, tolerance float64) {
	rel := abs / scale
	if abs > d.MaxAbs {
		d.MaxAbs, d.MaxRel, d.Step = abs, rel, step
	}
	if rel > tolerance && d.Diverges < 0 {
		d.Diverges = step
	}
	if d.Steps < 4 {
		return
	}
	if k < d.Steps/4 {
		d.Early = max(d.Early, rel)
	}
	if k >= d.Steps-d.Steps/4 {
		d.Late = max(d.Late, rel)
	}
}

// distance is |got − want|, and that in units in the last place of want. Where only
// one is finite, or a number at all, both are infinite.
func distance(got, want float64) (abs, ulp float64) {
	if got == want || math.IsNaN(got) && math.IsNaN(want) {
		return 0, 0
	}
	abs = math.Abs(got - want)
	if math.IsNaN(abs) || math.IsInf(abs, 0) {
		return math.Inf(1), math.Inf(1)
	}
	w := float32(math.Abs(want))
	unit := float64(math.Nextafter32(w, math.MaxFloat32)) - float64(w)
	return abs, abs / unit
}

// got is the frame of a tensor behind a step.
func (c *Case) got(t *ir.Tensor, r *Run, step int) []float64 {
	var values []float64
	for _, p := range t.Parts {
		switch p.Kind {
		case ir.StatePart:
			at, _ := slices.BinarySearch(c.Sequence.Stops, step+1)
			values = append(values, r.States[at][p.Name]...)
		case ir.FirstPart:
			values = append(values, r.Outputs[0][p.Name]...)
		default:
			values = append(values, r.Outputs[step][p.Name]...)
		}
	}
	return values
}

// OK reports whether no step is beyond the tolerance.
func (d *Difference) OK() bool { return d.Diverges < 0 }

// String is a line for a reader.
func (d *Difference) String() string {
	var b strings.Builder
	kind := "output"
	if d.State {
		kind = "state"
	}
	fmt.Fprintf(&b, "%s %s", kind, d.Tensor)
	if d.Array != d.Tensor {
		fmt.Fprintf(&b, " (%s)", d.Array)
	}
	fmt.Fprintf(&b, ": %s: largest error %.3g absolute, %.3g relative, %.3g ULP", counted(d.Steps, "step"), d.MaxAbs, d.MaxRel, d.MaxULP)
	if d.Steps > 1 {
		fmt.Fprintf(&b, ", in step %d", d.Step)
	}
	if d.Steps >= 4 {
		fmt.Fprintf(&b, "; first quarter %.3g, last %.3g", d.Early, d.Late)
	}
	if !d.OK() {
		fmt.Fprintf(&b, "; BEYOND THE TOLERANCE from step %d on", d.Diverges)
	}
	return b.String()
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
