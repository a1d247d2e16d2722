package onnx

import (
	"fmt"
	"math"
)

// This file computes constants of constants.

// foldPair computes an operator of two constants.
func (c *call) foldPair(op string, a, b *tensor) (*tensor, error) {
	if a.kind != b.kind && op == "pow" {
		var err error
		if b, err = c.im.cast(b, a.kind); err != nil {
			return nil, err
		}
	}
	if a.kind != b.kind {
		return nil, fmt.Errorf("inputs %q and %q differ in type", c.node.inputs[0], c.node.inputs[len(c.node.inputs)-1])
	}
	a, b, err := c.aligned(a, b)
	if err != nil {
		return nil, err
	}
	r := a.derived(a.shape, none)
	if a.floats != nil {
		f, compare := floatPair(op)
		switch {
		case f != nil:
			r.floats = make([]float32, len(a.floats))
			for i, x := range a.floats {
				r.floats[i] = float32(f(float64(x), float64(b.floats[i])))
			}
			return r, nil
		case compare != nil:
			r.kind = truth
			r.numbers = make([]number, len(a.floats))
			for i, x := range a.floats {
				r.numbers[i].c = bit(compare(x, b.floats[i]))
			}
			return r, nil
		}
		return nil, fmt.Errorf("is not supported of floats")
	}
	r.numbers = make([]number, len(a.numbers))
	for i, x := range a.numbers {
		if r.numbers[i], r.kind, err = c.im.integerPair(op, a.kind, x, b.numbers[i]); err != nil {
			return nil, err
		}
	}
	if len(a.numbers) == 0 {
		_, r.kind, _ = c.im.integerPair(op, a.kind, number{c: 1}, number{c: 1})
	}
	return r, nil
}

// floatPair is a function or a comparison of two floats.
func floatPair(op string) (func(a, b float64) float64, func(a, b float32) bool) {
	switch op {
	case "add":
		return func(a, b float64) float64 { return a + b }, nil
	case "sub":
		return func(a, b float64) float64 { return a - b }, nil
	case "mul":
		return func(a, b float64) float64 { return a * b }, nil
	case "div":
		return func(a, b float64) float64 { return a / b }, nil
	case "max":
		return math.Max, nil
	case "min":
		return math.Min, nil
	case "pow":
		return math.Pow, nil
	case "Equal":
		return nil, func(a, b float32) bool { return a == b }
	case "Less":
		return nil, func(a, b float32) bool { return a < b }
	case "LessOrEqual":
		return nil, func(a, b float32) bool { return a <= b }
	case "Greater":
		return nil, func(a, b float32) bool { return a > b }
	case "GreaterOrEqual":
		return nil, func(a, b float32) bool { return a >= b }
	}
	return nil, nil
}

// integerPair computes an operator of two integers. Numbers of frames can be added,
// and multiplied with and divided by what is known.
func (im *importer) integerPair(op string, k kind, a, b number) (number, kind, error) {
	switch {
	case op == "add":
		return number{a.c + b.c, a.t + b.t}, k, nil
	case op == "sub":
		return number{a.c - b.c, a.t - b.t}, k, nil
	case op == "mul" && a.t == 0:
		return number{a.c * b.c, a.c * b.t}, k, nil
	case op == "mul" && b.t == 0:
		return number{a.c * b.c, a.t * b.c}, k, nil
	case op == "div" && b.t == 0 && b.c != 0 && a.c%b.c == 0 && a.t%b.c == 0:
		return number{a.c / b.c, a.t / b.c}, k, nil
	case op == "Equal" && a == b:
		return number{c: 1}, truth, nil
	}
	x, okX := im.value(a)
	y, okY := im.value(b)
	if !okX || !okY {
		return number{}, k, fmt.Errorf("depends on the number of frames")
	}
	v, ok := known(op, x, y)
	if !ok {
		return number{}, k, fmt.Errorf("%s of %d and %d is not defined", op, x, y)
	}
	switch op {
	case "Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual":
		k = truth
	}
	return number{c: v}, k, nil
}

// known computes an operator of two integers; false where it has no value.
func known(op string, x, y int64) (int64, bool) {
	switch op {
	case "div":
		if y == 0 {
			return 0, false
		}
		return x / y, true
	case "Mod", "fmod":
		if y == 0 {
			return 0, false
		}
		r := x % y
		if op == "Mod" && r != 0 && (r < 0) != (y < 0) {
			r += y
		}
		return r, true
	case "mul":
		return x * y, true
	case "max":
		return max(x, y), true
	case "min":
		return min(x, y), true
	case "pow":
		return int64(math.Pow(float64(x), float64(y))), true
	case "Equal":
		return bit(x == y), true
	case "Less":
		return bit(x < y), true
	case "LessOrEqual":
		return bit(x <= y), true
	case "Greater":
		return bit(x > y), true
	case "GreaterOrEqual":
		return bit(x >= y), true
	case "And":
		return x & y, true
	case "Or":
		return x | y, true
	case "Xor":
		return x ^ y, true
	}
	return 0, false
}

// constantBinary is an operator that is computed of constants only.
func constantBinary(c *call) (*tensor, error) {
	for i, t := range c.in {
		if !t.constant() {
			return nil, fmt.Errorf("input %q is not constant; an input of the graph can be fixed by -set", c.node.inputs[i])
		}
	}
	op := c.node.op
	if op == "Mod" && c.integer("fmod", 0) != 0 {
		op = "fmod"
	}
	return c.foldPair(op, c.in[0], c.in[1])
}

// constantUnary is an operator that is computed of a constant only.
func constantUnary(c *call) (*tensor, error) {
	t := c.in[0]
	if !t.constant() {
		return nil, fmt.Errorf("input %q is not constant; an input of the graph can be fixed by -set", c.node.inputs[0])
	}
	if t.floats != nil {
		f, ok := map[string]func(float64) float64{"Floor": math.Floor, "Ceil": math.Ceil, "Round": math.RoundToEven,
			"Sign": func(x float64) float64 { return float64(sign(x)) }}[c.node.op]
		if !ok {
			return nil, fmt.Errorf("is not supported of floats")
		}
		return c.foldFloats(t, f)
	}
	r := t.derived(t.shape, none)
	r.numbers = make([]number, len(t.numbers))
	for i, n := range t.numbers {
		if c.node.op == "Neg" {
			r.numbers[i] = number{-n.c, -n.t}
			continue
		}
		v, ok := c.im.value(n)
		if !ok {
			return nil, fmt.Errorf("depends on the number of frames")
		}
		switch c.node.op {
		case "Not":
			v = 1 - v
		case "Abs":
			v = max(v, -v)
		case "Sign":
			v = sign(v)
		default:
			return nil, fmt.Errorf("is not supported of integers")
		}
		r.numbers[i] = number{c: v}
	}
	return r, nil
}

// sign is 1, 0 or −1.
func sign[T int64 | float64](x T) int64 { return bit(x > 0) - bit(x < 0) }
