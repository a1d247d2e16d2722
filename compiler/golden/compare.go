package golden

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/sparsec/sparsec/ir"
)

// DefaultTolerance bounds the error of an element relative to the largest output (see
// [Difference]): a few roundings of float32, since both sides add up their products in
// orders of their own.
const DefaultTolerance = 2e-6

// Difference is how far a run is from the file in one tensor.
type Difference struct {
	Tensor   string
	State    bool
	Array    string
	Steps    int     // that the file tells of
	Largest  float64 // largest |want| of the tensor; for a state that of all outputs, if it is larger
	MaxAbs   float64 // largest |got − want|
	MaxRel   float64 // MaxAbs by Largest, or as it is where that is 0
	MaxULP   float64 // largest |got − want| in units in the last place of float32
	Step     int     // where MaxAbs is
	Diverges int     // first step beyond the tolerance; −1 if none is
	Early    float64 // largest error relative to Largest in the first quarter of the steps
	Late     float64 // and in the last; both 0 below four steps
}

// Compare measures a run against the file. The tolerance is relative to the largest
// output: see [Difference.Largest]; 0 stands for DefaultTolerance.
//
// The program that wrote the file rounds too, and a recurrent model carries that on.
// How far it is off in a step, the float64 interpreter's run tells, if that is exact;
// so much is allowed besides, but no more than the tolerance again. exact may be nil.
//
// The last h of an LSTM whose output gates happen to be shut is a small remainder of
// what may have been large a step before, and both sides round at that size; so a state is not
// held to its own size alone.
func (c *Case) Compare(r, exact *Run, tolerance float64) []Difference {
	if tolerance == 0 {
		tolerance = DefaultTolerance
	}
	outputs := 0.0
	for i := range c.Wants {
		if w := &c.Wants[i]; !w.IsState() {
			outputs = max(outputs, w.largest())
		}
	}
	var all []Difference
	for i := range c.Wants {
		w := &c.Wants[i]
		d := Difference{Tensor: w.Tensor.Name, State: w.IsState(), Array: w.Array, Steps: len(w.Steps), Diverges: -1, Largest: w.largest()}
		if d.State {
			d.Largest = max(d.Largest, outputs)
		}
		c.compare(&d, w, r, exact, tolerance)
		all = append(all, d)
	}
	return all
}

// largest is the largest |want|.
func (w *Want) largest() float64 {
	most := 0.0
	for _, values := range w.Values {
		for _, v := range values {
			most = max(most, math.Abs(v))
		}
	}
	return most
}

func (c *Case) compare(d *Difference, w *Want, r, exact *Run, tolerance float64) {
	scale := d.Largest
	if scale == 0 || math.IsInf(scale, 0) {
		scale = 1
	}
	for k, step := range w.Steps {
		abs, ulp := apart(c.got(&w.Tensor, r, step), w.Values[k])
		d.MaxULP = max(d.MaxULP, ulp)
		allowed := tolerance
		if exact != nil {
			own, _ := apart(c.got(&w.Tensor, exact, step), w.Values[k])
			allowed += min(tolerance, own/scale)
		}
		d.add(k, step, abs, abs/scale, allowed)
	}
}

// add takes in the largest error of the k-th step that the file tells of.
func (d *Difference) add(k, step int, abs, rel, allowed float64) {
	if abs > d.MaxAbs {
		d.MaxAbs, d.MaxRel, d.Step = abs, rel, step
	}
	if rel > allowed && d.Diverges < 0 {
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

// apart are the largest distances of two frames.
func apart(got, want []float64) (abs, ulp float64) {
	for i, w := range want {
		a, u := distance(got[i], w)
		abs, ulp = max(abs, a), max(ulp, u)
	}
	return abs, ulp
}

// distance is |got − want|, and that in units in the last place of the larger. Where
// only one is finite, or a number at all, both are infinite.
func distance(got, want float64) (abs, ulp float64) {
	if got == want || math.IsNaN(got) && math.IsNaN(want) {
		return 0, 0
	}
	abs = math.Abs(got - want)
	if math.IsNaN(abs) || math.IsInf(abs, 0) {
		return math.Inf(1), math.Inf(1)
	}
	larger := float32(max(math.Abs(got), math.Abs(want)))
	unit := float64(math.Nextafter32(larger, math.MaxFloat32)) - float64(larger)
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
