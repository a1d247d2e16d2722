package ir

import "fmt"

// enum is an attribute that the text form writes as a word; its value is the
// index of the word.
type enum interface{ words() []string }

var (
	directionWords = []string{Forward: "forward", Reverse: "reverse"}
	resetWords     = []string{ResetAfter: "after", ResetBefore: "before"}
	funcWords      = []string{Tanh: "tanh", Sigmoid: "sigmoid", ReLU: "relu", ClippedReLU: "clipped_relu", Identity: "identity",
		HardSigmoid: "hard_sigmoid", LeakyReLU: "leaky_relu", ThresholdedReLU: "thresholded_relu", ScaledTanh: "scaled_tanh",
		Affine: "affine", ELU: "elu", Softsign: "softsign", Softplus: "softplus", Clamp: "clamp", Exp: "exp", Log: "log",
		Sqrt: "sqrt", Abs: "abs", Reciprocal: "reciprocal", Power: "power", Erf: "erf"}
	binaryFuncWords = []string{Add: "add", Sub: "sub", Mul: "mul", Div: "div", Max: "max", Min: "min", Pow: "pow"}
	reduceFuncWords = []string{Sum: "sum", Mean: "mean", Largest: "max", Smallest: "min"}
	endWords        = []string{First: "first", Last: "last"}
)

func (Direction) words() []string  { return directionWords }
func (ResetMode) words() []string  { return resetWords }
func (Func) words() []string       { return funcWords }
func (BinaryFunc) words() []string { return binaryFuncWords }
func (ReduceFunc) words() []string { return reduceFuncWords }
func (End) words() []string        { return endWords }

// String is the word of the text form.
func (d Direction) String() string { return word(d, int(d)) }

// String is the word of the text form.
func (r ResetMode) String() string { return word(r, int(r)) }

// String is the word of the text form.
func (f Func) String() string { return word(f, int(f)) }

// String is the word of the text form.
func (f BinaryFunc) String() string { return word(f, int(f)) }

// String is the word of the text form.
func (f ReduceFunc) String() string { return word(f, int(f)) }

// String is the word of the text form.
func (e End) String() string { return word(e, int(e)) }

// word is the word of value i, or its number where there is none.
func word(e enum, i int) string {
	if w := e.words(); i < len(w) {
		return w[i]
	}
	return fmt.Sprint(i)
}

// String is the type as the text form writes it: [64] or index[98].
func (t Type) String() string {
	if t.DType == Index {
		return fmt.Sprintf("index[%d]", t.Bound)
	}
	return shapeText(t.Shape)
}

// shapeText is a shape as the text form and the faults write it.
func shapeText(shape []int) string { return fmt.Sprint(append([]int{}, shape...)) }
