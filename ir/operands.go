package ir

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// unknown is a size that a fault, reported elsewhere, keeps from being known.
// It agrees with everything, so that one fault does not bring others.
const unknown = -1

// anyArity is an arity without an upper bound.
const anyArity = math.MaxInt

// operands is what a typing rule sees of its node: the types of the inputs and
// the tensors and states that the op names. Its methods report faults.
type operands struct {
	c    *check
	node *Node
}

func (v *operands) fault(format string, args ...any) {
	v.c.fault("node %s: "+format, append([]any{quote(v.node.Name)}, args...)...)
}

// arity reports a number of inputs outside [least, most].
func (v *operands) arity(least, most int) {
	n := len(v.node.Inputs)
	switch {
	case n >= least && n <= most:
	case most == anyArity:
		v.fault("%s has %d inputs, want at least %d", v.node.Op.Kind(), n, least)
	default:
		v.fault("%s has %d inputs, want %d", v.node.Op.Kind(), n, least)
	}
}

// typeOf is the type of input i, when it is known.
func (v *operands) typeOf(i int) (Type, bool) {
	if i >= len(v.node.Inputs) {
		return Type{}, false
	}
	t, ok := v.c.types[v.node.Inputs[i]]
	return t, ok
}

// float is the type of input i, which is not an index.
func (v *operands) float(i int) (Type, bool) {
	t, ok := v.typeOf(i)
	if ok && t.DType == Index {
		v.fault("input %q is %v; only Embedding reads an index", v.node.Inputs[i], t)
		return Type{}, false
	}
	return t, ok
}

// vector is the size of input i, which is a vector of float32.
func (v *operands) vector(i int) int {
	t, ok := v.float(i)
	if !ok {
		return unknown
	}
	if len(t.Shape) != 1 {
		v.fault("input %q has shape %v, want a vector", v.node.Inputs[i], t)
		return unknown
	}
	return t.Shape[0]
}

// index is the bound of input i, which is an index.
func (v *operands) index(i int) int {
	t, ok := v.typeOf(i)
	if !ok {
		return unknown
	}
	if t.DType != Index {
		v.fault("input %q has shape %v, want an index", v.node.Inputs[i], t)
		return unknown
	}
	return t.Bound
}

// state is the size of a state.
func (v *operands) state(name string) int {
	s, ok := v.c.states[name]
	if !ok || s.Size < 1 || s.Size > MaxElements {
		return unknown
	}
	return s.Size
}

// tensor reports a parameter whose shape is not want, in which unknown agrees
// with all. It returns the shape if it is sound and has the wanted rank.
func (v *operands) tensor(name string, want ...int) []int {
	p, ok := v.c.params[name]
	if !ok {
		return nil
	}
	if _, err := Elements(p.Shape); err != nil {
		return nil // reported with the parameters
	}
	agrees := func(got, want int) bool { return want == unknown || got == want }
	if !slices.EqualFunc(p.Shape, want, agrees) {
		v.c.fault("tensor %s: shape %s, want %s", quote(name), shapeText(p.Shape), wantText(want))
	}
	if len(p.Shape) != len(want) {
		return nil
	}
	return p.Shape
}

// matrix is the number of rows of a parameter of two dimensions.
func (v *operands) matrix(name string, rows, cols int) int {
	if shape := v.tensor(name, rows, cols); shape != nil {
		return shape[0]
	}
	return unknown
}

// wantText is a wanted shape; n stands for any size.
func wantText(want []int) string {
	words := make([]string, len(want))
	for i, d := range want {
		words[i] = "n"
		if d != unknown {
			words[i] = fmt.Sprint(d)
		}
	}
	return "[" + strings.Join(words, " ") + "]"
}

// function reports a function that the op has no meaning for, and a bound that
// does not fit it.
func (v *operands) function(f Func, clip float32, allowed ...Func) {
	if !slices.Contains(allowed, f) {
		if int(f) < len(funcWords) { // a value out of range is reported with the fields
			v.fault("func %v, want %s", f, oneOf(allowed))
		}
		return
	}
	switch {
	case f != ClippedReLU && clip != 0:
		v.fault("clip %v with func %v, want none", clip, f)
	case f == ClippedReLU && !(clip > 0 && clip <= math.MaxFloat32):
		v.fault("clip %v, want a finite number above 0", clip)
	}
}

func oneOf(allowed []Func) string {
	words := make([]string, len(allowed))
	for i, f := range allowed {
		words[i] = f.String()
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

// vectorOf is the type of a vector of n, when n is known.
func vectorOf(n int) (Type, bool) { return Vector(n), n != unknown }
