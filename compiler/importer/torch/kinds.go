package torch

import "github.com/sparsec/sparsec/ir"

// kinds are the types of modules. The names, the options and their defaults are
// those of torch.nn; what has no module there is called after the function of torch,
// with a capital.
var kinds map[string]kind

func init() {
	kinds = map[string]kind{
		"RNN": recurrentKind("RNN", 1), "GRU": recurrentKind("GRU", 3), "LSTM": recurrentKind("LSTM", 4),
		"RNNCell": cellKind("RNN", 1), "GRUCell": cellKind("GRU", 3), "LSTMCell": cellKind("LSTM", 4),

		"Linear":      {1, 1, linear, wantColumns("weight")},
		"Embedding":   {1, 1, embedding, wantIndices},
		"Conv1d":      {1, 1, conv, nil},
		"LayerNorm":   {1, 1, layerNorm, nil},
		"BatchNorm1d": {1, 1, batchNorm, nil},
		"Constant":    {0, 0, constant, nil},

		"Softmax": {1, 1, softmax, nil}, "LogSoftmax": {1, 1, logSoftmax, nil},
		"SiLU": {1, 1, silu, nil}, "GELU": {1, 1, gelu, nil},

		"Flatten": {1, 1, flatten, nil}, "Reshape": {1, 1, reshape, nil}, "Transpose": {1, 1, transpose, nil},
		"Slice": {1, 1, slice, nil}, "Pad": {1, 1, pad, nil}, "Concat": {1, 0, concat, nil},
		"MaxPool1d": {1, 1, pool(ir.Largest), nil}, "AvgPool1d": {1, 1, pool(ir.Mean), nil},
		"Mean": {1, 1, reduce(ir.Mean), nil}, "Sum": {1, 1, reduce(ir.Sum), nil},
		"Amax": {1, 1, reduce(ir.Largest), nil}, "Amin": {1, 1, reduce(ir.Smallest), nil},
	}
	for word, f := range functions {
		kinds[word] = kind{1, 1, f.build, nil}
	}
	for word, f := range binaries {
		kinds[word] = kind{2, 0, elementwise(f), nil}
	}
	for _, word := range []string{"Dropout", "Identity"} {
		kinds[word] = kind{1, 1, identity, nil}
	}
}

// identity is its input; dropout does nothing after training.
func identity(m *module, x []*value) *value {
	m.skip("p", "inplace")
	y := *x[0]
	y.linear = "" // others may read it
	return &y
}
