package golden

import (
	"fmt"
	"slices"

	"github.com/sparsec/sparsec/ir"
)

// divide finds the frames that the array holds: all along the tensor's time axis,
// windows of a signal, several steps along a leading axis of the array's, or the
// tensor itself.
func (l *link) divide() (err error) {
	t, a := l.tensor, l.array
	size := 1
	for _, d := range t.Shape {
		size *= d
	}
	l.stepped = true
	switch {
	case l.as.Window > 0:
		l.frames, err = l.windows(size)
	case t.Time >= 0:
		l.frames, err = alongTime(t, a)
	case slices.Equal(a.Shape, t.Shape):
		l.frames, l.stepped = [][]float64{a.Data}, false
	case len(a.Shape) > 0 && len(a.Data) == a.Shape[0]*size:
		l.frames = slices.Collect(slices.Chunk(a.Data, size))
	default:
		err = fmt.Errorf("array %s is %s, want %s, or so many elements for each step along a leading axis", a.Name, shapeText(a.Shape), shapeText(t.Shape))
	}
	return err
}

// windows cuts a signal.
func (l *link) windows(size int) ([][]float64, error) {
	a, as := l.array, l.as
	switch {
	case l.tensor.Output:
		return nil, fmt.Errorf("%v: is an output, want an input of windows", as)
	case as.Window != size:
		return nil, fmt.Errorf("%v: windows of %d, want %d elements of shape %s", as, as.Window, size, shapeText(l.tensor.Shape))
	case len(a.Shape) != 1:
		return nil, fmt.Errorf("%v: array is %s, want one dimension", as, shapeText(a.Shape))
	case len(a.Data)%as.Hop != 0:
		return nil, fmt.Errorf("%v: array of %d elements, want a multiple of the hop", as, len(a.Data))
	}
	padded := append(make([]float64, as.Window-as.Hop), a.Data...)
	var frames [][]float64
	for at := 0; at+as.Window <= len(padded); at += as.Hop {
		frames = append(frames, padded[at:at+as.Window])
	}
	return frames, nil
}

// alongTime divides an array at the tensor's time axis.
func alongTime(t *ir.Tensor, a *Array) ([][]float64, error) {
	if len(a.Shape) != len(t.Shape) {
		return nil, fmt.Errorf("array %s is %s, want %s", a.Name, shapeText(a.Shape), t.ShapeText())
	}
	before, after := 1, 1
	for i, d := range a.Shape {
		switch want := t.Shape[i]; {
		case i == t.Time && d%want != 0, i != t.Time && d != want:
			return nil, fmt.Errorf("array %s is %s, want %s", a.Name, shapeText(a.Shape), t.ShapeText())
		case i < t.Time:
			before *= d
		case i > t.Time:
			after *= d
		}
	}
	run := t.Shape[t.Time] * after // elements that a frame has one after the other
	n := a.Shape[t.Time] / t.Shape[t.Time]
	frames := make([][]float64, n)
	for k := range frames {
		for b := range before {
			from := (b*n + k) * run
			frames[k] = append(frames[k], a.Data[from:from+run]...)
		}
	}
	return frames, nil
}

// want is what the frames of an output tensor say of a run of so many steps.
func (l *link) want(total int) (Want, error) {
	w := Want{Tensor: *l.tensor, Array: l.array.Name, Values: l.frames}
	n := len(l.frames)
	switch {
	case !l.stepped:
		w.Steps = []int{total - 1}
		return w, nil
	case l.tensor.Time >= 0 && n != total:
		return w, fmt.Errorf("array %s is of %d steps, want %d as the inputs are", l.array.Name, n, total)
	case n > total:
		return w, fmt.Errorf("array %s tells of %d steps, want at most %d as the inputs have", l.array.Name, n, total)
	}
	for step := range n {
		w.Steps = append(w.Steps, step)
	}
	return w, nil
}
