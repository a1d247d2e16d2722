package onnx

// operator is how an operator of ONNX is interpreted.
type operator struct {
	run         func(*call) ([]*tensor, error)
	least, most int // inputs
	attributes  []string
	loose       bool // it reads tensors whose time axis is longer than the frames
}

// many is a number of inputs without a bound.
const many = maxNames

// operators are those that are known.
var operators map[string]operator

func init() { // the table refers to If, which refers to the table
	operators = map[string]operator{}
	for _, group := range []map[string]operator{structural, moving, numeric, matrices, convolutions, reductions, recurrent} {
		for name, o := range group {
			operators[name] = o
		}
	}
}

// one wraps a function of one result.
func one(f func(*call) (*tensor, error)) func(*call) ([]*tensor, error) {
	return func(c *call) ([]*tensor, error) {
		t, err := f(c)
		return []*tensor{t}, err
	}
}
