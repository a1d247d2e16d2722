package ir

import "slices"

// This file holds the typing rule of every op: what it wants of its inputs,
// parameters and states, and the type of its value.

func (o Linear) infer(v *operands) (Type, bool) {
	v.arity(1, 1)
	out := v.matrix(o.Weight, unknown, v.vector(0))
	v.tensor(o.Bias, out)
	return vectorOf(out)
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
	v.function(o.Func, o.Clip, Tanh, Sigmoid, ReLU, ClippedReLU)
	return v.recurrent(1, gateTensors{o.WeightIH, o.WeightHH, o.BiasIH, o.BiasHH}, v.state(o.H))
}

func (o GRU) infer(v *operands) (Type, bool) {
	v.function(o.Func, 0, Tanh, ReLU)
	return v.recurrent(3, gateTensors{o.WeightIH, o.WeightHH, o.BiasIH, o.BiasHH}, v.state(o.H))
}

func (o LSTM) infer(v *operands) (Type, bool) {
	h, c := v.state(o.H), v.state(o.C)
	if h != unknown && c != unknown && h != c {
		v.fault("states %q [%d] and %q [%d] differ in size", o.H, h, o.C, c)
	}
	return v.recurrent(4, gateTensors{o.WeightIH, o.WeightHH, o.BiasIH, o.BiasHH}, h)
}

func (o Activation) infer(v *operands) (Type, bool) {
	v.arity(1, 1)
	v.function(o.Func, o.Clip, Tanh, Sigmoid, ReLU, ClippedReLU, Identity)
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

func (Softmax) infer(v *operands) (Type, bool) {
	v.arity(1, 1)
	return vectorOf(v.vector(0))
}

// gateTensors are the four tensors of a recurrent op.
type gateTensors struct{ weightIH, weightHH, biasIH, biasHH string }

// recurrent is the rule that RNN, GRU and LSTM share: gates blocks of h rows.
func (v *operands) recurrent(gates int, t gateTensors, h int) (Type, bool) {
	v.arity(1, 1)
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
