package ir

import (
	"math"
	"slices"
)

// This file holds the typing rule of every op: what it wants of its inputs,
// parameters and states, and the type of its value.

func (o Linear) infer(v *operands) (Type, bool) {
	v.arity(1, 1)
	rows, in := max(o.Rows, 1), v.vector(0)
	switch {
	case o.Rows < 0:
		v.fault("rows %d, want at least 1", o.Rows)
		return Type{}, false
	case in != unknown && in%rows != 0:
		v.fault("input %q has %d elements, want a multiple of %d rows", v.node.Inputs[0], in, rows)
		in = unknown
	case in != unknown:
		in /= rows
	}
	out := v.matrix(o.Weight, unknown, in)
	v.tensor(o.Bias, out)
	if out != unknown && out > MaxElements/rows {
		v.fault("%d rows of %d are more than %d elements", rows, out, MaxElements)
		return Type{}, false
	}
	if out == unknown {
		return Type{}, false
	}
	return Vector(rows * out), true
}

func (o Constant) infer(v *operands) (Type, bool) {
	v.arity(0, 0)
	p, ok := v.c.params[o.Value]
	if !ok {
		return Type{}, false
	}
	n, err := Elements(p.Shape)
	return Vector(n), err == nil
}

func (o Embedding) infer(v *operands) (Type, bool) {
	v.arity(1, 1)
	bound := v.index(0)
	shape := v.tensor(o.Weight, bound, unknown)
	if shape == nil {
		return Type{}, false
	}
	return Vector(shape[1]), true
}

func (o RNN) infer(v *operands) (Type, bool) {
	v.cellFunction(o.Function())
	v.bound(o.Bound)
	return v.recurrent(1, gateTensors{o.WeightIH, o.WeightHH, o.BiasIH, o.BiasHH}, v.state(o.H))
}

func (o GRU) infer(v *operands) (Type, bool) {
	v.cellFunction(o.Function())
	v.specs(o.Gate)
	v.bound(o.Bound)
	return v.recurrent(3, gateTensors{o.WeightIH, o.WeightHH, o.BiasIH, o.BiasHH}, v.state(o.H))
}

func (o LSTM) infer(v *operands) (Type, bool) {
	h, c := v.state(o.H), v.state(o.C)
	if h != unknown && c != unknown && h != c {
		v.fault("states %q [%d] and %q [%d] differ in size", o.H, h, o.C, c)
	}
	v.specs(o.Gate, o.Candidate, o.Output)
	v.bound(o.Bound)
	if h != unknown {
		v.tensor(o.Peephole, 3*h)
	}
	t, ok := v.recurrent(4, gateTensors{o.WeightIH, o.WeightHH, o.BiasIH, o.BiasHH}, h)
	if ok && o.Both {
		t = Vector(2 * t.Len())
	}
	return t, ok
}

func (o Activation) infer(v *operands) (Type, bool) {
	v.arity(1, 1)
	v.function(o.Function())
	return v.float(0)
}

func (o Recall) infer(v *operands) (Type, bool) {
	v.arity(0, 0)
	return vectorOf(v.state(o.State))
}

func (o Store) infer(v *operands) (Type, bool) {
	v.arity(1, 1)
	n, size := v.vector(0), v.state(o.State)
	if n != unknown && size != unknown && n != size {
		v.fault("input %q has %d elements, want %d of state %q", v.node.Inputs[0], n, size, o.State)
	}
	return vectorOf(size)
}

func (o Pick) infer(v *operands) (Type, bool) {
	v.arity(1, 1)
	n, err := o.Spans.size(v.vector(0))
	if err != nil {
		v.fault("%w", err)
		return Type{}, false
	}
	return Vector(n), true
}

func (o Reduce) infer(v *operands) (Type, bool) {
	v.arity(1, 1)
	n := v.groups(o.Size)
	if n == unknown {
		return Type{}, false
	}
	return Vector(n / o.Size), true
}

func (o Normalize) infer(v *operands) (Type, bool) {
	v.arity(1, 1)
	if !(o.Epsilon >= 0 && o.Epsilon <= math.MaxFloat32) {
		v.fault("epsilon %v, want a finite number of at least 0", o.Epsilon)
	}
	return vectorOf(v.groups(o.Size))
}

func (o Ahead) infer(v *operands) (Type, bool) {
	v.arity(1, 1)
	if o.By < 1 || o.By > MaxElements {
		v.fault("by %d, want 1 to %d", o.By, MaxElements)
	}
	return v.float(0)
}

func (Hold) infer(v *operands) (Type, bool) {
	v.arity(1, 1)
	return v.float(0)
}

func (Concat) infer(v *operands) (Type, bool) {
	v.arity(1, anyArity)
	sum := 0
	for i := range v.node.Inputs {
		n := v.vector(i)
		if n == unknown || sum == unknown {
			sum = unknown
			continue
		}
		if n > MaxElements-sum {
			v.fault("joins more than %d elements", MaxElements)
			return Type{}, false
		}
		sum += n
	}
	if len(v.node.Inputs) == 0 {
		sum = unknown
	}
	return vectorOf(sum)
}

func (o Binary) infer(v *operands) (Type, bool) {
	v.arity(2, 2)
	a, okA := v.float(0)
	b, okB := v.float(1)
	if okA && okB && !slices.Equal(a.Shape, b.Shape) {
		v.fault("inputs %q %v and %q %v differ in shape", v.node.Inputs[0], a, v.node.Inputs[1], b)
	}
	if okA {
		return a, true
	}
	return b, okB
}

func (o Softmax) infer(v *operands) (Type, bool) {
	v.arity(1, 1)
	if o.Size == 0 {
		return vectorOf(v.vector(0))
	}
	return vectorOf(v.groups(o.Size))
}

// gateTensors are the four tensors of a recurrent op.
type gateTensors struct{ weightIH, weightHH, biasIH, biasHH string }

// recurrent is the rule that RNN, GRU and LSTM share: gates blocks of h rows.
func (v *operands) recurrent(gates int, t gateTensors, h int) (Type, bool) {
	v.arity(1, 2)
	if len(v.node.Inputs) == 2 {
		if n := v.vector(1); n != unknown && n != 1 {
			v.fault("input %q has %d elements, want 1 that says whether the frame counts", v.node.Inputs[1], n)
		}
	}
	rows := unknown
	if h != unknown {
		rows = gates * h
	}
	v.tensor(t.weightIH, rows, v.vector(0))
	v.tensor(t.weightHH, rows, h)
	v.tensor(t.biasIH, rows)
	v.tensor(t.biasHH, rows)
	return vectorOf(h)
}
