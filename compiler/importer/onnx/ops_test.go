package onnx

import (
	"math"
	"slices"
	"testing"

	"github.com/sparsec/sparsec/ir/eval"
)

// opCase is a node with an input x and what it makes of that, worked out by hand.
type opCase struct {
	name    string
	opset   int64
	node    *nodeProto // of x to y
	tensors []*tensorProto
	x       eval.Tensor
	shape   []int
	want    []float64
}

func (tc opCase) graph() *graphProto {
	dims := make([]any, len(tc.x.Shape))
	for i, d := range tc.x.Shape {
		dims[i] = d
	}
	return &graphProto{nodes: []*nodeProto{tc.node}, tensors: tc.tensors, inputs: []valueProto{floats("x", dims...)}, outputs: []valueProto{floats("y")}}
}

// folded is the graph with x constant, beside an input that has nothing to do with it.
func (tc opCase) folded() *graphProto {
	g := tc.graph()
	data := make([]float32, len(tc.x.Data))
	for i, x := range tc.x.Data {
		data[i] = float32(x)
	}
	g.tensors = append(slices.Clone(g.tensors), weights("x", tc.x.Shape, data...))
	g.inputs = []valueProto{floats("z", 1)}
	return g
}

// opCases has an operator a case.
func opCases() []opCase {
	sigmoid := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	erf := func(x float64) float64 { return 0.5 * x * (1 + math.Erf(x/math.Sqrt2)) }
	tanhGelu := func(x float64) float64 { return 0.5 * x * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x))) }
	mish := func(x float64) float64 { return x * math.Tanh(math.Log1p(math.Exp(x))) }
	signed := numbers([]int{4}, -2, -0.5, 0, 3)
	each := func(f func(float64) float64) []float64 {
		var y []float64
		for _, x := range signed.Data {
			y = append(y, f(x))
		}
		return y
	}
	relu := func(a float64) func(float64) float64 {
		return func(x float64) float64 {
			if x < 0 {
				return a * x
			}
			return x
		}
	}
	x23 := counting(2, 3)
	return []opCase{
		{"Relu", 13, node("Relu", "x", "y"), nil, signed, []int{4}, []float64{0, 0, 0, 3}},
		{"Neg", 13, node("Neg", "x", "y"), nil, signed, []int{4}, []float64{2, 0.5, 0, -3}},
		{"Abs", 13, node("Abs", "x", "y"), nil, signed, []int{4}, []float64{2, 0.5, 0, 3}},
		{"Tanh", 13, node("Tanh", "x", "y"), nil, signed, []int{4}, each(math.Tanh)},
		{"Sigmoid", 13, node("Sigmoid", "x", "y"), nil, signed, []int{4}, each(sigmoid)},
		{"Exp", 13, node("Exp", "x", "y"), nil, signed, []int{4}, each(math.Exp)},
		{"Erf", 13, node("Erf", "x", "y"), nil, signed, []int{4}, each(math.Erf)},
		{"Softplus", 13, node("Softplus", "x", "y"), nil, signed, []int{4}, each(func(x float64) float64 { return math.Log1p(math.Exp(x)) })},
		{"Softsign", 13, node("Softsign", "x", "y"), nil, signed, []int{4}, []float64{-2. / 3, -1. / 3, 0, 0.75}},
		{"Elu", 13, node("Elu", "x", "y", attr("alpha", 2.)), nil, signed, []int{4}, []float64{2 * math.Expm1(-2), 2 * math.Expm1(-0.5), 0, 3}},
		{"Selu", 13, node("Selu", "x", "y", attr("alpha", 2.), attr("gamma", 3.)), nil, signed, []int{4}, []float64{6 * math.Expm1(-2), 6 * math.Expm1(-0.5), 0, 9}},
		{"LeakyRelu", 13, node("LeakyRelu", "x", "y"), nil, signed, []int{4}, each(relu(0.01))},
		{"ThresholdedRelu", 13, node("ThresholdedRelu", "x", "y", attr("alpha", 3.)), nil, signed, []int{4}, []float64{0, 0, 0, 0}},
		{"HardSigmoid", 13, node("HardSigmoid", "x", "y"), nil, signed, []int{4}, []float64{0.1, 0.4, 0.5, 1}},
		{"HardSwish", 14, node("HardSwish", "x", "y"), nil, signed, []int{4}, []float64{-1. / 3, -0.5 * (2.5 / 6), 0, 3}},
		{"Mish", 18, node("Mish", "x", "y"), nil, signed, []int{4}, each(mish)},
		{"Gelu", 20, node("Gelu", "x", "y"), nil, signed, []int{4}, each(erf)},
		{"Gelu tanh", 20, node("Gelu", "x", "y", attr("approximate", "tanh")), nil, signed, []int{4}, each(tanhGelu)},
		{"Swish", 24, node("Swish", "x", "y", attr("alpha", 2.)), nil, signed, []int{4}, each(func(x float64) float64 { return x * sigmoid(2*x) })},
		{"Clip attributes", 10, node("Clip", "x", "y", attr("min", -1.), attr("max", 2.)), nil, signed, []int{4}, []float64{-1, -0.5, 0, 2}},
		{"Clip inputs", 13, node("Clip", "x - b", "y"), []*tensorProto{weights("b", nil, 2)}, signed, []int{4}, []float64{-2, -0.5, 0, 2}},
		{"PRelu", 16, node("PRelu", "x b", "y"), []*tensorProto{weights("b", []int{4}, 0.5, 0.25, 1, 1)}, signed, []int{4}, []float64{-1, -0.125, 0, 3}},
		{"Sqrt", 13, node("Sqrt", "x", "y"), nil, numbers([]int{2}, 4, 2.25), []int{2}, []float64{2, 1.5}},
		{"Reciprocal", 13, node("Reciprocal", "x", "y"), nil, numbers([]int{2}, 4, -2), []int{2}, []float64{0.25, -0.5}},
		{"Dropout", 13, node("Dropout", "x", "y"), nil, signed, []int{4}, signed.Data},

		{"Add broadcast", 13, node("Add", "x b", "y"), []*tensorProto{weights("b", []int{3}, 10, 20, 30)}, x23, []int{2, 3}, []float64{11, 22, 33, 14, 25, 36}},
		{"Add column", 13, node("Add", "b x", "y"), []*tensorProto{weights("b", []int{2, 1}, 10, 20)}, x23, []int{2, 3}, []float64{11, 12, 13, 24, 25, 26}},
		{"Add new axis", 13, node("Add", "x b", "y"), []*tensorProto{weights("b", []int{2, 1, 1}, 10, 20)}, x23, []int{2, 2, 3},
			[]float64{11, 12, 13, 14, 15, 16, 21, 22, 23, 24, 25, 26}},
		{"Sub from scalar", 13, node("Sub", "b x", "y"), []*tensorProto{weights("b", nil, 1)}, x23, []int{2, 3}, []float64{0, -1, -2, -3, -4, -5}},
		{"Sub scalar", 13, node("Sub", "x b", "y"), []*tensorProto{weights("b", nil, 1)}, x23, []int{2, 3}, []float64{0, 1, 2, 3, 4, 5}},
		{"Mul itself", 13, node("Mul", "x x", "y"), nil, x23, []int{2, 3}, []float64{1, 4, 9, 16, 25, 36}},
		{"Div", 13, node("Div", "x b", "y"), []*tensorProto{weights("b", []int{1}, 5)}, x23, []int{2, 3}, []float64{0.2, 0.4, 0.6, 0.8, 1, 1.2}},
		{"Div of one", 13, node("Div", "b x", "y"), []*tensorProto{weights("b", []int{1}, 1)}, counting(2), []int{2}, []float64{1, 0.5}},
		{"Pow square", 13, node("Pow", "x b", "y"), []*tensorProto{weights("b", nil, 2)}, signed, []int{4}, []float64{4, 0.25, 0, 9}},
		{"Pow integer", 13, node("Pow", "x b", "y"), []*tensorProto{integers("b", 3)}, signed, []int{4}, []float64{-8, -0.125, 0, 27}},
		{"Pow root", 13, node("Pow", "x b", "y"), []*tensorProto{weights("b", nil, 0.5)}, numbers([]int{1}, 9), []int{1}, []float64{3}},
		{"Max", 13, node("Max", "x b", "y"), []*tensorProto{weights("b", []int{1}, 2.5)}, counting(4), []int{4}, []float64{2.5, 2.5, 3, 4}},
		{"Min of three", 13, node("Min", "x b c", "y"), []*tensorProto{weights("b", []int{1}, 2.5), weights("c", []int{4}, 9, 1, 9, 9)}, counting(4), []int{4}, []float64{1, 1, 2.5, 2.5}},
		{"Sum", 13, node("Sum", "x b x", "y"), []*tensorProto{weights("b", []int{2}, 10, 20)}, counting(2), []int{2}, []float64{12, 24}},
		{"Mean", 13, node("Mean", "x b", "y"), []*tensorProto{weights("b", []int{2}, 10, 20)}, counting(2), []int{2}, []float64{5.5, 11}},
		{"Where", 16, node("Where", "c x b", "y"), []*tensorProto{rawTensor("c", boolType, []int{3}, []byte{1, 0, 1}), weights("b", nil, 9)}, x23, []int{2, 3},
			[]float64{1, 9, 3, 4, 9, 6}},

		{"Transpose", 13, node("Transpose", "x", "y"), nil, x23, []int{3, 2}, []float64{1, 4, 2, 5, 3, 6}},
		{"Transpose perm", 13, node("Transpose", "x", "y", attr("perm", []int{1, 2, 0})), nil, counting(2, 1, 3), []int{1, 3, 2}, []float64{1, 4, 2, 5, 3, 6}},
		{"Reshape", 13, node("Reshape", "x s", "y"), []*tensorProto{integers("s", 0, -1, 1)}, counting(2, 2, 2), []int{2, 4, 1}, counting(8).Data},
		{"Flatten", 13, node("Flatten", "x", "y", attr("axis", 2)), nil, counting(2, 2, 2), []int{4, 2}, counting(8).Data},
		{"Squeeze attribute", 11, node("Squeeze", "x", "y", attr("axes", []int{1})), nil, counting(2, 1, 3), []int{2, 3}, counting(6).Data},
		{"Squeeze all", 13, node("Squeeze", "x", "y"), nil, counting(1, 2, 1), []int{2}, counting(2).Data},
		{"Unsqueeze", 13, node("Unsqueeze", "x a", "y"), []*tensorProto{integers("a", -1, 0)}, counting(2), []int{1, 2, 1}, counting(2).Data},
		{"Slice attributes", 9, node("Slice", "x", "y", attr("starts", []int{1}), attr("ends", []int{100}), attr("axes", []int{1})), nil, x23, []int{2, 2}, []float64{2, 3, 5, 6}},
		{"Slice backwards", 13, node("Slice", "x s e a p", "y"), []*tensorProto{integers("s", -1), integers("e", math.MinInt64), integers("a", 1), integers("p", -2)}, x23, []int{2, 2}, []float64{3, 1, 6, 4}},
		{"Gather", 13, node("Gather", "x i", "y", attr("axis", 1)), []*tensorProto{integers("i", 2, -3)}, x23, []int{2, 2}, []float64{3, 1, 6, 4}},
		{"Concat", 13, node("Concat", "x b x", "y", attr("axis", 1)), []*tensorProto{weights("b", []int{2, 1}, 0, 9)}, counting(2, 2), []int{2, 5},
			[]float64{1, 2, 0, 1, 2, 3, 4, 9, 3, 4}},
		{"Expand", 13, node("Expand", "x s", "y"), []*tensorProto{integers("s", 2, 1)}, counting(2), []int{2, 2}, []float64{1, 2, 1, 2}},
		{"Tile", 13, node("Tile", "x s", "y"), []*tensorProto{integers("s", 1, 2)}, counting(2, 2), []int{2, 4}, []float64{1, 2, 1, 2, 3, 4, 3, 4}},
		{"Pad constant", 13, node("Pad", "x p", "y"), []*tensorProto{integers("p", 0, 1, 1, 0)}, counting(2, 2), []int{3, 3}, []float64{0, 1, 2, 0, 3, 4, 0, 0, 0}},
		{"Pad reflect", 13, node("Pad", "x p", "y", attr("mode", "reflect")), []*tensorProto{integers("p", 2, 1)}, counting(3), []int{6}, []float64{3, 2, 1, 2, 3, 2}},
		{"Pad edge", 10, node("Pad", "x", "y", attr("mode", "edge"), attr("pads", []int{2, 1})), nil, counting(3), []int{6}, []float64{1, 1, 1, 2, 3, 3}},
		{"Pad crop", 13, node("Pad", "x p", "y"), []*tensorProto{integers("p", -1, 1)}, counting(3), []int{3}, []float64{2, 3, 0}},
		{"Cast", 13, node("Cast", "x", "y", attr("to", 1)), nil, signed, []int{4}, signed.Data},

		{"MatMul", 13, node("MatMul", "x w", "y"), []*tensorProto{weights("w", []int{3, 2}, 1, 0, 0, 1, 1, -1)}, x23, []int{2, 2}, []float64{4, -1, 10, -1}},
		{"MatMul left", 13, node("MatMul", "w x", "y"), []*tensorProto{weights("w", []int{1, 2}, 1, -1)}, x23, []int{1, 3}, []float64{-3, -3, -3}},
		{"MatMul vector", 13, node("MatMul", "x w", "y"), []*tensorProto{weights("w", []int{3}, 1, 2, 3)}, x23, []int{2}, []float64{14, 32}},
		{"MatMul batch", 13, node("MatMul", "x w", "y"), []*tensorProto{weights("w", []int{2, 2, 1}, 1, 2, 3, 4)}, counting(2, 1, 2), []int{2, 1, 1}, []float64{5, 25}},
		{"MatMul itself", 13, node("MatMul", "x x", "y"), nil, counting(2, 2), []int{2, 2}, []float64{7, 10, 15, 22}},
		{"Gemm", 13, node("Gemm", "x w b", "y", attr("transB", 1)), []*tensorProto{weights("w", []int{2, 3}, 1, 0, 1, 0, 1, -1), weights("b", []int{2}, 10, 20)}, x23, []int{2, 2}, []float64{14, 19, 20, 19}},
		{"Gemm alpha beta", 13, node("Gemm", "x w b", "y", attr("transA", 1), attr("alpha", 2.), attr("beta", 0.5)),
			[]*tensorProto{weights("w", []int{2, 1}, 1, 1), weights("b", nil, 10)}, x23, []int{3, 1}, []float64{15, 19, 23}},

		{"Conv", 13, node("Conv", "x w b", "y"), []*tensorProto{weights("w", []int{1, 2, 2}, 1, 2, 3, 4), weights("b", []int{1}, 100)}, counting(1, 2, 3), []int{1, 1, 2},
			[]float64{100 + 1 + 4 + 12 + 20, 100 + 2 + 6 + 15 + 24}},
		{"Conv stride pads", 13, node("Conv", "x w", "y", attr("strides", []int{2}), attr("pads", []int{1, 1}), attr("kernel_shape", []int{3})),
			[]*tensorProto{weights("w", []int{1, 1, 3}, 1, 10, 100)}, counting(1, 1, 4), []int{1, 1, 2}, []float64{210, 432}},
		{"Conv dilation", 13, node("Conv", "x w", "y", attr("dilations", []int{2})), []*tensorProto{weights("w", []int{1, 1, 2}, 1, 10)}, counting(1, 1, 4), []int{1, 1, 2}, []float64{31, 42}},
		{"Conv groups", 13, node("Conv", "x w", "y", attr("group", 2)), []*tensorProto{weights("w", []int{2, 1, 1}, 10, 100)}, counting(1, 2, 2), []int{1, 2, 2}, []float64{10, 20, 300, 400}},
		{"Conv same", 13, node("Conv", "x w", "y", attr("auto_pad", "SAME_UPPER")), []*tensorProto{weights("w", []int{1, 1, 2}, 1, 10)}, counting(1, 1, 3), []int{1, 1, 3}, []float64{21, 32, 3}},
		{"Conv same lower", 13, node("Conv", "x w", "y", attr("auto_pad", "SAME_LOWER")), []*tensorProto{weights("w", []int{1, 1, 2}, 1, 10)}, counting(1, 1, 3), []int{1, 1, 3}, []float64{10, 21, 32}},
		{"Conv 2-D", 13, node("Conv", "x w", "y", attr("pads", []int{0, 1, 0, 0})), []*tensorProto{weights("w", []int{1, 1, 2, 2}, 1, 10, 100, 1000)}, counting(1, 1, 2, 2), []int{1, 1, 1, 2},
			[]float64{3010, 4321}},
		{"MaxPool", 13, node("MaxPool", "x", "y", attr("kernel_shape", []int{2}), attr("strides", []int{2}), attr("pads", []int{1, 0})), nil, numbers([]int{1, 1, 3}, -3, -2, -1), []int{1, 1, 2}, []float64{-3, -1}},
		{"MaxPool 2-D", 13, node("MaxPool", "x", "y", attr("kernel_shape", []int{2, 2})), nil, counting(1, 2, 2, 3), []int{1, 2, 1, 2}, []float64{5, 6, 11, 12}},
		{"MaxPool ceil", 13, node("MaxPool", "x", "y", attr("kernel_shape", []int{2}), attr("strides", []int{2}), attr("ceil_mode", 1)), nil, counting(1, 1, 3), []int{1, 1, 2}, []float64{2, 3}},
		{"AveragePool", 13, node("AveragePool", "x", "y", attr("kernel_shape", []int{2}), attr("pads", []int{1, 0})), nil, counting(1, 1, 3), []int{1, 1, 3}, []float64{1, 1.5, 2.5}},
		{"AveragePool padding", 13, node("AveragePool", "x", "y", attr("kernel_shape", []int{2}), attr("pads", []int{1, 0}), attr("count_include_pad", 1)), nil, counting(1, 1, 3), []int{1, 1, 3}, []float64{0.5, 1.5, 2.5}},
		{"GlobalAveragePool", 13, node("GlobalAveragePool", "x", "y"), nil, counting(1, 2, 3), []int{1, 2, 1}, []float64{2, 5}},
		{"GlobalMaxPool", 13, node("GlobalMaxPool", "x", "y"), nil, counting(1, 2, 3), []int{1, 2, 1}, []float64{3, 6}},

		{"ReduceMean attribute", 13, node("ReduceMean", "x", "y", attr("axes", []int{0}), attr("keepdims", 0)), nil, x23, []int{3}, []float64{2.5, 3.5, 4.5}},
		{"ReduceMean input", 18, node("ReduceMean", "x a", "y"), []*tensorProto{integers("a", -1)}, x23, []int{2, 1}, []float64{2, 5}},
		{"ReduceSum all", 13, node("ReduceSum", "x", "y", attr("keepdims", 0)), nil, x23, []int{}, []float64{21}},
		{"ReduceMax", 13, node("ReduceMax", "x", "y", attr("axes", []int{1}), attr("keepdims", 0)), nil, x23, []int{2}, []float64{3, 6}},
		{"ReduceMin", 13, node("ReduceMin", "x", "y", attr("axes", []int{0, 2}), attr("keepdims", 0)), nil, counting(2, 2, 2), []int{2}, []float64{1, 3}},
		{"ReduceL2", 13, node("ReduceL2", "x", "y", attr("keepdims", 0)), nil, numbers([]int{2}, 3, 4), []int{}, []float64{5}},
		{"ReduceL1", 13, node("ReduceL1", "x", "y", attr("keepdims", 0)), nil, signed, []int{}, []float64{5.5}},
		{"ReduceSumSquare", 13, node("ReduceSumSquare", "x", "y", attr("keepdims", 0)), nil, signed, []int{}, []float64{13.25}},
		{"Softmax", 13, node("Softmax", "x", "y", attr("axis", 0)), nil, numbers([]int{2, 2}, 0, math.Log(3), math.Log(3), 0), []int{2, 2}, []float64{0.25, 0.75, 0.75, 0.25}},
		{"Softmax of old", 11, node("Softmax", "x", "y"), nil, numbers([]int{1, 2, 2}, 0, 0, math.Log(2), 0), []int{1, 2, 2}, []float64{0.2, 0.2, 0.4, 0.2}},
		{"LogSoftmax", 13, node("LogSoftmax", "x", "y"), nil, numbers([]int{2, 2}, 0, math.Log(3), 500, 500), []int{2, 2}, []float64{-math.Log(4), math.Log(0.75), -math.Ln2, -math.Ln2}},
		{"LayerNormalization", 17, node("LayerNormalization", "x s b", "y", attr("epsilon", 0.)), []*tensorProto{weights("s", []int{2}, 2, 3), weights("b", []int{2}, 10, 20)},
			numbers([]int{2, 2}, 1, 3, 5, 1), []int{2, 2}, []float64{8, 23, 12, 17}},
		{"InstanceNormalization", 13, node("InstanceNormalization", "x s b", "y", attr("epsilon", 0.)), []*tensorProto{weights("s", []int{2}, 2, 3), weights("b", []int{2}, 10, 20)},
			numbers([]int{1, 2, 2}, 1, 3, 5, 1), []int{1, 2, 2}, []float64{8, 12, 23, 17}},
		{"BatchNormalization", 15, node("BatchNormalization", "x s b m v", "y", attr("epsilon", 0.)),
			[]*tensorProto{weights("s", []int{2}, 2, 3), weights("b", []int{2}, 10, 20), weights("m", []int{2}, 1, 2), weights("v", []int{2}, 4, 9)},
			counting(1, 2, 2), []int{1, 2, 2}, []float64{10, 11, 21, 22}},
	}
}

// TestOps computes every case of an input and of a constant.
func TestOps(t *testing.T) {
	for _, tc := range opCases() {
		t.Run(tc.name, func(t *testing.T) {
			for name, g := range map[string]*graphProto{"x": tc.graph(), "z": tc.folded()} {
				x := map[string]eval.Tensor{"x": tc.x, "z": numbers([]int{1}, 0)}[name]
				y := run(t, imported(t, file(tc.opset, g), Options{}), map[string]eval.Tensor{name: x})["y"]
				if !slices.Equal(y.Shape, tc.shape) {
					t.Errorf("input %s: shape %v, want %v", name, y.Shape, tc.shape)
				}
				near(t, "y of "+name, y.Data, tc.want, max(1, largestOf(tc.want)), 1e-6)
			}
		})
	}
}
