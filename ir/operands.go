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
	case most > least:
		v.fault("%s has %d inputs, want %d to %d", v.node.Op.Kind(), n, least, most)
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

// function reports numbers that do not fit a function.
func (v *operands) function(f Function) {
	if int(f.Func) >= len(funcWords) {
		return // reported with the fields
	}
	if err := f.fault(); err != nil {
		v.fault("%w", err)
	}
}

// cellFunction reports a function that a cell has no meaning for.
func (v *operands) cellFunction(f Function) {
	if f.Func >= Clamp && int(f.Func) < len(funcWords) {
		v.fault("func %v, want %s", f.Func, oneOf(cellFuncs))
		return
	}
	v.function(f)
}

// cellFuncs are the functions that gates have.
var cellFuncs = []Func{Tanh, Sigmoid, ReLU, ClippedReLU, Identity, HardSigmoid, LeakyReLU, ThresholdedReLU, ScaledTanh,
	Affine, ELU, Softsign, Softplus}

// specs reports functions of gates that are none.
func (v *operands) specs(list ...FuncSpec) {
	for _, s := range list {
		if s == "" {
			continue
		}
		f, err := s.parse()
		if err != nil {
			v.fault("%w", err)
			continue
		}
		v.cellFunction(f)
	}
}

// bound reports a bound of a cell that is none.
func (v *operands) bound(b float32) {
	if !(b >= 0 && b <= math.MaxFloat32) {
		v.fault("bound %v, want a finite number above 0, or 0 for none", b)
	}
}

// groups is the number of elements of input 0, a multiple of size.
func (v *operands) groups(size int) int {
	n := v.vector(0)
	if size < 1 {
		v.fault("size %d, want at least 1", size)
		return unknown
	}
	if n != unknown && n%size != 0 {
		v.fault("input %q has %d elements, want a multiple of %d", v.node.Inputs[0], n, size)
		return unknown
	}
	return n
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
