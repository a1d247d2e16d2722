package onnx

import (
	"errors"
	"fmt"
	"math"

	"github.com/sparsec/sparsec/ir"
)

// numeric are the element-wise operators.
var numeric = map[string]operator{
	"Relu":            unary(plainly(ir.ReLU), func(x float64) float64 { return max(x, 0) }),
	"Tanh":            unary(plainly(ir.Tanh), math.Tanh),
	"Sigmoid":         unary(plainly(ir.Sigmoid), func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }),
	"Sqrt":            unary(plainly(ir.Sqrt), math.Sqrt),
	"Exp":             unary(plainly(ir.Exp), math.Exp),
	"Log":             unary(plainly(ir.Log), math.Log),
	"Abs":             unary(plainly(ir.Abs), math.Abs),
	"Reciprocal":      unary(plainly(ir.Reciprocal), func(x float64) float64 { return 1 / x }),
	"Erf":             unary(plainly(ir.Erf), math.Erf),
	"Softplus":        unary(plainly(ir.Softplus), nil),
	"Softsign":        unary(plainly(ir.Softsign), nil),
	"Neg":             unary(with(ir.Affine, "", -1, "", 0), func(x float64) float64 { return -x }),
	"Elu":             unary(with(ir.ELU, "alpha", 1, "", 0), nil, "alpha"),
	"LeakyRelu":       unary(with(ir.LeakyReLU, "alpha", 0.01, "", 0), nil, "alpha"),
	"ThresholdedRelu": unary(with(ir.ThresholdedReLU, "alpha", 1, "", 0), nil, "alpha"),
	"HardSigmoid":     unary(with(ir.HardSigmoid, "alpha", 0.2, "beta", 0.5), nil, "alpha", "beta"),
	"Selu":            {run: one(seluOp), least: 1, most: 1, attributes: []string{"alpha", "gamma"}},
	"HardSwish":       {run: one(hardSwishOp), least: 1, most: 1},
	"Mish":            {run: one(mishOp), least: 1, most: 1},
	"Gelu":            {run: one(geluOp), least: 1, most: 1, attributes: []string{"approximate"}},
	"Swish":           {run: one(swishOp), least: 1, most: 1, attributes: []string{"alpha"}},
	"Clip":            {run: one(clipOp), least: 1, most: 3, attributes: []string{"min", "max"}},
	"PRelu":           {run: one(preluOp), least: 2, most: 2},
	"Add":             pairwise(ir.Add),
	"Sub":             pairwise(ir.Sub),
	"Mul":             pairwise(ir.Mul),
	"Div":             pairwise(ir.Div),
	"Pow":             pairwise(ir.Pow),
	"Max":             {run: one(func(c *call) (*tensor, error) { return c.folded(ir.Max) }), least: 1, most: many},
	"Min":             {run: one(func(c *call) (*tensor, error) { return c.folded(ir.Min) }), least: 1, most: many},
	"Sum":             {run: one(func(c *call) (*tensor, error) { return c.folded(ir.Add) }), least: 1, most: many},
	"Mean":            {run: one(meanOp), least: 1, most: many},
	"Mod":             {run: one(constantBinary), least: 2, most: 2, attributes: []string{"fmod"}},
	"Equal":           {run: one(constantBinary), least: 2, most: 2},
	"Less":            {run: one(constantBinary), least: 2, most: 2},
	"LessOrEqual":     {run: one(constantBinary), least: 2, most: 2},
	"Greater":         {run: one(constantBinary), least: 2, most: 2},
	"GreaterOrEqual":  {run: one(constantBinary), least: 2, most: 2},
	"And":             {run: one(constantBinary), least: 2, most: 2},
	"Or":              {run: one(constantBinary), least: 2, most: 2},
	"Xor":             {run: one(constantBinary), least: 2, most: 2},
	"Not":             {run: one(constantUnary), least: 1, most: 1},
	"Floor":           {run: one(constantUnary), least: 1, most: 1},
	"Ceil":            {run: one(constantUnary), least: 1, most: 1},
	"Round":           {run: one(constantUnary), least: 1, most: 1},
	"Sign":            {run: one(constantUnary), least: 1, most: 1},
	"Where":           {run: one(whereOp), least: 3, most: 3},
	"Cast":            {run: one(castOp), least: 1, most: 1, attributes: []string{"to", "saturate", "round_mode"}},
	"CastLike":        {run: one(castLikeOp), least: 2, most: 2, attributes: []string{"saturate", "round_mode"}},
}

// plainly is a function without numbers.
func plainly(f ir.Func) func(*call) ir.Activation {
	return func(*call) ir.Activation { return ir.Activation{Func: f} }
}

// with is a function whose numbers are attributes with defaults; without a name they
// are the defaults.
func with(f ir.Func, alpha string, a float32, beta string, b float32) func(*call) ir.Activation {
	return func(c *call) ir.Activation {
		return ir.Activation{Func: f, Alpha: c.real(alpha, a), Beta: c.real(beta, b)}
	}
}

// unary is an operator that applies a function to every element; fold computes it of
// constants, if it does.
func unary(f func(*call) ir.Activation, fold func(float64) float64, attributes ...string) operator {
	return operator{least: 1, most: 1, attributes: attributes, run: one(func(c *call) (*tensor, error) {
		t := c.in[0]
		if t.numbers != nil {
			return constantUnary(c)
		}
		if t.kind != float {
			return nil, errNotFloat(c, 0)
		}
		if t.floats != nil && fold != nil {
			return c.foldFloats(t, fold)
		}
		return c.applied(t, c.label, f(c)), nil
	})}
}

// errNotFloat says that an operand is of integers that are no constants.
func errNotFloat(c *call, i int) error {
	return fmt.Errorf("input %q is of integers that are not known; one that comes of an input can be fixed by -set", c.node.inputs[i])
}

// foldFloats computes a constant of a constant.
func (c *call) foldFloats(t *tensor, f func(float64) float64) (*tensor, error) {
	n, err := c.im.take(t.shape, t)
	if err != nil {
		return nil, err
	}
	r := t.derived(t.shape, t.time)
	r.floats = make([]float32, n)
	for i, x := range t.floats {
		r.floats[i] = float32(f(float64(x)))
	}
	return r, nil
}

// applied applies ops one after the other to every element that a tensor has, each
// once, in the order in which they lie in their vectors.
func (c *call) applied(t *tensor, name string, ops ...ir.Op) *tensor {
	g := c.im.g
	own, place := distinct(c.im.elements(name+".constant", t))
	v := g.joined(name+".x", own)
	for i, op := range ops {
		v = g.node(stepName(name, i, len(ops)), op, len(own), v)
	}
	r := t.derived(t.shape, t.time)
	r.view = make([]element, len(place))
	for i, at := range place {
		r.view[i] = element{v, at}
	}
	return r
}

// stepName names the values on the way to the last, which has the name.
func stepName(name string, i, n int) string {
	if i == n-1 {
		return name
	}
	return fmt.Sprintf("%s.%d", name, i)
}

// combined applies a function of two to elements, pair by pair, each once.
func (c *call) combined(a, b *tensor, name string, f ir.BinaryFunc) (*tensor, error) {
	if a.constant() && b.constant() {
		return c.foldPair(f.String(), a, b)
	}
	a, b, err := c.aligned(a, b)
	if err != nil {
		return nil, err
	}
	r := a.derived(a.shape, a.time)
	r.last = a.last || b.last
	r.strided = a.strided || b.strided
	r.kind = float
	if x := unchanged(f, a, b); x != nil {
		r.view = c.im.elements(name+".constant", x)
		return r, nil
	}
	if op, x := affine(f, a, b); op != nil {
		r.view = c.applied(x, name, op).view
		return r, nil
	}
	if f == ir.Pow && uniform(b, 2) {
		f, b = ir.Mul, a
	}
	g := c.im.g
	own, place := distinctPairs(c.im.elements(name+".constant", a), c.im.elements(name+".constant", b))
	left, right := make([]element, len(own)), make([]element, len(own))
	for i, p := range own {
		left[i], right[i] = p[0], p[1]
	}
	v := g.node(name, ir.Binary{Func: f}, len(own), g.joined(name+".a", left), g.joined(name+".b", right))
	r.view = make([]element, len(place))
	for i, at := range place {
		r.view[i] = element{v, at}
	}
	return r, nil
}

// uniform reports whether a tensor is a number everywhere.
func uniform(t *tensor, x float32) bool {
	if len(t.floats) == 0 {
		return false
	}
	for _, v := range t.floats {
		if v != x {
			return false
		}
	}
	return true
}

// unchanged is the tensor that a function of it and one number leaves as it is, or
// nil.
func unchanged(f ir.BinaryFunc, a, b *tensor) *tensor {
	switch {
	case (f == ir.Add || f == ir.Sub) && uniform(b, 0), (f == ir.Mul || f == ir.Div || f == ir.Pow) && uniform(b, 1):
		return a
	case f == ir.Add && uniform(a, 0), f == ir.Mul && uniform(a, 1):
		return b
	}
	return nil
}

// affine is the op that does what a function of a tensor and one number does, and
// that tensor.
func affine(f ir.BinaryFunc, a, b *tensor) (ir.Op, *tensor) {
	switch {
	case len(b.floats) > 0 && uniform(b, b.floats[0]):
		x := b.floats[0]
		switch {
		case f == ir.Add:
			return ir.Activation{Func: ir.Affine, Alpha: 1, Beta: x}, a
		case f == ir.Sub:
			return ir.Activation{Func: ir.Affine, Alpha: 1, Beta: -x}, a
		case f == ir.Mul:
			return ir.Activation{Func: ir.Affine, Alpha: x}, a
		case f == ir.Div && exactInverse(x):
			return ir.Activation{Func: ir.Affine, Alpha: 1 / x}, a
		case f == ir.Pow && x == 0.5:
			return ir.Activation{Func: ir.Sqrt}, a
		case f == ir.Pow && x != 2:
			return ir.Activation{Func: ir.Power, Alpha: x}, a
		}
	case len(a.floats) > 0 && uniform(a, a.floats[0]):
		x := a.floats[0]
		switch f {
		case ir.Add:
			return ir.Activation{Func: ir.Affine, Alpha: 1, Beta: x}, b
		case ir.Sub:
			return ir.Activation{Func: ir.Affine, Alpha: -1, Beta: x}, b
		case ir.Mul:
			return ir.Activation{Func: ir.Affine, Alpha: x}, b
		case ir.Div:
			if x == 1 {
				return ir.Activation{Func: ir.Reciprocal}, b
			}
		}
	}
	return nil, nil
}

// exactInverse reports whether 1/x has no rounding error.
func exactInverse(x float32) bool {
	mantissa, _ := math.Frexp(float64(x))
	return math.Abs(mantissa) == 0.5 && x != 0 && !math.IsInf(float64(1/x), 0)
}

// pairwise is an operator on two tensors of one shape, after broadcasting.
func pairwise(f ir.BinaryFunc) operator {
	return operator{least: 2, most: 2, run: one(func(c *call) (*tensor, error) { return c.pair(f, c.label, c.in[0], c.in[1]) })}
}

// pair applies a function of two to tensors of numbers of any sort.
func (c *call) pair(f ir.BinaryFunc, name string, a, b *tensor) (*tensor, error) {
	switch {
	case a.constant() && b.constant():
		return c.foldPair(f.String(), a, b)
	case a.kind != float:
		return nil, errNotFloat(c, 0)
	case b.kind != float && b.numbers == nil:
		return nil, errNotFloat(c, min(1, len(c.node.inputs)-1))
	case b.kind != float: // the exponent of Pow
		var err error
		if b, err = c.im.cast(b, float); err != nil {
			return nil, err
		}
	}
	return c.combined(a, b, name, f)
}

// folded applies a function of two to all inputs.
func (c *call) folded(f ir.BinaryFunc) (*tensor, error) {
	t := c.in[0]
	for i, next := range c.in[1:] {
		var err error
		if t, err = c.pair(f, stepName(c.label, i, len(c.in)-1), t, next); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func meanOp(c *call) (*tensor, error) {
	sum, err := c.folded(ir.Add)
	if err != nil {
		return nil, err
	}
	return c.pair(ir.Mul, c.label, sum, floatScalar(1/float32(len(c.in))))
}

// floatScalar is a constant of one float.
func floatScalar(x float32) *tensor { return &tensor{shape: []int{}, time: none, floats: []float32{x}} }

// seluOp is gamma·ELU.
func seluOp(c *call) (*tensor, error) {
	if c.in[0].kind != float {
		return nil, errNotFloat(c, 0)
	}
	elu := ir.Activation{Func: ir.ELU, Alpha: c.real("alpha", 1.67326319217681884765625)}
	return c.applied(c.in[0], c.label, elu, ir.Activation{Func: ir.Affine, Alpha: c.real("gamma", 1.05070102214813232421875)}), nil
}

// gated is x·f(x), f given by ops.
func (c *call) gated(name string, ops ...ir.Op) (*tensor, error) {
	if c.in[0].kind != float {
		return nil, errNotFloat(c, 0)
	}
	return c.combined(c.in[0], c.applied(c.in[0], name+".gate", ops...), name, ir.Mul)
}

func hardSwishOp(c *call) (*tensor, error) {
	return c.gated(c.label, ir.Activation{Func: ir.HardSigmoid, Alpha: 1. / 6, Beta: 0.5})
}

func mishOp(c *call) (*tensor, error) {
	return c.gated(c.label, ir.Activation{Func: ir.Softplus}, ir.Activation{Func: ir.Tanh})
}

func swishOp(c *call) (*tensor, error) {
	return c.gated(c.label, ir.Activation{Func: ir.Affine, Alpha: c.real("alpha", 1)}, ir.Activation{Func: ir.Sigmoid})
}

// geluOp is x·Φ(x), or its approximation by tanh.
func geluOp(c *call) (*tensor, error) {
	half := ir.Activation{Func: ir.Affine, Alpha: 0.5, Beta: 0.5}
	switch approximate := c.text("approximate", "none"); approximate {
	case "none":
		return c.gated(c.label, ir.Activation{Func: ir.Affine, Alpha: float32(math.Sqrt2 / 2)}, ir.Activation{Func: ir.Erf}, half)
	case "tanh":
		if c.in[0].kind != float {
			return nil, errNotFloat(c, 0)
		}
		// √(2/π)·(x + 0.044715·x³) = x·(√(2/π)·0.044715·x² + √(2/π))
		k := math.Sqrt(2 / math.Pi)
		square, err := c.combined(c.in[0], c.in[0], c.label+".square", ir.Mul)
		if err != nil {
			return nil, err
		}
		slope := c.applied(square, c.label+".slope", ir.Activation{Func: ir.Affine, Alpha: float32(k * 0.044715), Beta: float32(k)})
		inner, err := c.combined(slope, c.in[0], c.label+".inner", ir.Mul)
		if err != nil {
			return nil, err
		}
		return c.combined(c.in[0], c.applied(inner, c.label+".gate", ir.Activation{Func: ir.Tanh}, half), c.label, ir.Mul)
	default:
		return nil, fmt.Errorf("approximate %q, want none or tanh", approximate)
	}
}

// clipOp has its bounds as attributes in old versions and as inputs in new ones.
func clipOp(c *call) (*tensor, error) {
	low, high := c.real("min", -math.MaxFloat32), c.real("max", math.MaxFloat32)
	for i, bound := range []*float32{&low, &high} {
		switch t := c.input(i + 1); {
		case t == nil:
		case len(t.floats) == 1:
			*bound = t.floats[0]
		case c.in[0].numbers != nil && len(t.numbers) == 1:
			return nil, errors.New("clipping of integers is not supported")
		default:
			return nil, fmt.Errorf("bound %q is no constant of one float", c.node.inputs[i+1])
		}
	}
	switch t := c.in[0]; {
	case t.kind != float:
		return nil, errNotFloat(c, 0)
	case low > high:
		return nil, fmt.Errorf("bounds %v and %v, want the lower first", low, high)
	case t.floats != nil:
		return c.foldFloats(t, func(x float64) float64 { return min(max(x, float64(low)), float64(high)) })
	case low == 0 && high == math.MaxFloat32:
		return c.applied(t, c.label, ir.Activation{Func: ir.ReLU}), nil
	default:
		return c.applied(t, c.label, ir.Activation{Func: ir.Clamp, Alpha: low, Beta: high}), nil
	}
}

// preluOp is max(x, 0) + slope·min(x, 0).
func preluOp(c *call) (*tensor, error) {
	x, slope := c.in[0], c.in[1]
	if x.kind != float || slope.kind != float {
		return nil, errNotFloat(c, 0)
	}
	if len(slope.floats) > 0 && uniform(slope, slope.floats[0]) {
		return c.applied(x, c.label, ir.Activation{Func: ir.LeakyReLU, Alpha: slope.floats[0]}), nil
	}
	above := c.applied(x, c.label+".above", ir.Activation{Func: ir.ReLU})
	below, err := c.combined(x, above, c.label+".below", ir.Sub)
	if err != nil {
		return nil, err
	}
	if below, err = c.combined(below, slope, c.label+".slope", ir.Mul); err != nil {
		return nil, err
	}
	return c.combined(above, below, c.label, ir.Add)
}

// whereOp chooses by a constant condition.
func whereOp(c *call) (*tensor, error) {
	condition, a, b := c.in[0], c.in[1], c.in[2]
	if condition.numbers == nil {
		return nil, fmt.Errorf("condition %q is no constant", c.node.inputs[0])
	}
	if a.kind != b.kind || a.kind != float && !(a.constant() && b.constant()) {
		return nil, fmt.Errorf("chooses between %q and %q, want floats or constants of one type", c.node.inputs[1], c.node.inputs[2])
	}
	a, b, err := c.aligned(a, b)
	if err != nil {
		return nil, err
	}
	condition, a, err = c.aligned(condition, a)
	if err != nil {
		return nil, err
	}
	if _, b, err = c.aligned(a, b); err != nil {
		return nil, err
	}
	choice, err := c.im.integers(condition)
	if err != nil {
		return nil, fmt.Errorf("condition %w", err)
	}
	r := a.derived(a.shape, a.time)
	r.last = a.last || b.last
	switch {
	case a.floats != nil && b.floats != nil:
		r.floats = chosen(choice, a.floats, b.floats)
	case a.numbers != nil:
		r.numbers = chosen(choice, a.numbers, b.numbers)
	default:
		r.view = chosen(choice, c.im.elements(c.label+".constant", a), c.im.elements(c.label+".constant", b))
	}
	return r, nil
}

func chosen[T any](choice []int64, a, b []T) []T {
	r := make([]T, len(choice))
	for i, first := range choice {
		r[i] = b[i]
		if first != 0 {
			r[i] = a[i]
		}
	}
	return r
}

func castOp(c *call) (*tensor, error) {
	to := dtype(c.integer("to", 0))
	if to.width() == 0 {
		return nil, fmt.Errorf("to %v is not supported", to)
	}
	return c.castTo(to.kind(), to == float16Type || to == bfloat16Type)
}

func castLikeOp(c *call) (*tensor, error) { return c.castTo(c.in[1].kind, false) }

// castTo changes the kind of elements. Between floats it does nothing, and indices may
// change their width.
func (c *call) castTo(k kind, half bool) (*tensor, error) {
	t := c.in[0]
	switch {
	case half && !t.constant():
		return nil, errors.New("rounds to 16 bits, which is not supported")
	case t.constant() && !half:
		return c.im.cast(t, k)
	case t.kind == k:
		return t, nil
	case t.kind == whole && k == float:
		return c.readFloats(t)
	}
	return nil, fmt.Errorf("changes the type of input %q, which is not constant; an input can be fixed by -set", c.node.inputs[0])
}

// readFloats reads an input of integers as floats.
func (c *call) readFloats(t *tensor) (*tensor, error) {
	r := t.derived(t.shape, t.time)
	r.kind = float
	for _, e := range t.view {
		v, err := c.im.read(e, ir.ValuePart)
		if err != nil {
			return nil, err
		}
		r.view = append(r.view, element{v, 0})
	}
	return r, nil
}

// cast converts a constant.
func (im *importer) cast(t *tensor, k kind) (*tensor, error) {
	if t.kind == k {
		return t, nil
	}
	n, err := im.take(t.shape, &tensor{numbers: []number{}})
	if err != nil {
		return nil, err
	}
	r := t.derived(t.shape, t.time)
	r.kind = k
	if k == float {
		r.floats = make([]float32, n)
		for i, v := range t.numbers {
			c, ok := im.value(v)
			if !ok {
				return nil, errors.New("makes a float of the number of frames")
			}
			r.floats[i] = float32(c)
		}
		return r, nil
	}
	r.numbers = make([]number, n)
	for i := range n {
		switch {
		case t.floats != nil && k == truth:
			r.numbers[i].c = bit(t.floats[i] != 0)
		case t.floats != nil:
			r.numbers[i].c = int64(t.floats[i])
		case k == truth:
			r.numbers[i].c = bit(t.numbers[i] != number{})
		default:
			r.numbers[i] = t.numbers[i]
		}
	}
	return r, nil
}

// bit is a truth as a number.
func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
