// Package torch makes a model of a state dict of PyTorch: of safetensors, or of what
// torch.save writes, of which no code is run.
//
// # The description
//
// A state dict has tensors, but not what is computed with them. That says a
// description, in TOML or JSON: a file given by the options, one beside the state
// dict of the same name but for .toml or .json, or the metadata of a safetensors file
// that the script of sparsec export-script wrote. Without any, names are enough for a
// plain stack: GRUs and LSTMs, each of which reads what the one before makes, and a
// Linear behind them.
//
//	name = "vad"             # of the model; that of the file
//	ignore = ["decoder2.*"]  # patterns of tensors that are not used
//
//	[[input]]                # without one: x, as the first module reads
//	name = "x"
//	shape = [1, 576]         # of one frame; or bound = 256, of an input of indices
//	layout = "TBCL"           # the axes of the tensor in PyTorch
//
//	[[module]]
//	type = "LSTM"            # a class of torch.nn
//	prefix = "rnn"           # of its tensors: rnn.weight_ih_l0
//	name = "rnn"             # of its value; the prefix, or the type and its place
//	from = "x"               # what it reads, or a list; the module before
//	num_layers = 2           # options have the names and defaults of PyTorch's
//
//	[[output]]               # without one: y, of the last module
//	name = "y"
//	from = "rnn"
//	last = true              # PyTorch's tensor has the last frame alone
//
// Sizes are those of the tensors. Keys and options that are not known are faults, as
// are tensors that no module has.
//
// A model is a function of one frame at a time. A frame is a vector [C] or has more
// axes, [C L] as a rule; time and batch are none of them. In a layout T is the axis of
// time, B that of the batch, which is 1, and other letters are axes of the frame in
// their order. The layout is "TBC", with a C for every axis, or "BTC" if a module has
// batch_first; that of an output with last has no T.
//
// A Conv1d, and a pooling, of frames [C L] goes along L within each frame. A Conv1d of
// frames [C] goes over time: what it needs of earlier frames is a state, later ones
// are read ahead, and padding must keep the number of frames ("causal": all of it in
// front).
//
// # The types
//
// RNN, GRU, LSTM (num_layers, bidirectional, proj_size, nonlinearity, bias), RNNCell,
// GRUCell, LSTMCell, Linear, Embedding, LayerNorm, BatchNorm1d, Conv1d (stride,
// padding, dilation, groups, padding_mode), MaxPool1d, AvgPool1d; Tanh, Sigmoid, ReLU,
// ReLU6, Hardtanh, Hardsigmoid, LeakyReLU, ELU, SiLU, GELU, Softsign, Softplus, Softmax,
// LogSoftmax; Dropout and Identity, which are their input. By functions of torch: Exp,
// Log, Sqrt, Square, Power (exponent), Abs, Reciprocal, Erf, Clamp (min, max), Affine
// (scale, shift); Add, Sub, Mul, Div, Pow, Maximum, Minimum and Concat, of several
// inputs; Mean, Sum, Amax, Amin of the last axis (keepdim); Flatten, Reshape (shape),
// Transpose, Slice (axis, start, end, step), Pad (padding, mode); Constant, a tensor
// of the file.
//
// A BatchNorm1d is folded into the Linear or Conv1d before it, if nothing else reads
// that, and is a product and a sum otherwise. Pairs NAME_orig and NAME_mask that
// torch.nn.utils.prune leaves are folded into NAME; an exact zero is a pruned weight.
//
// # Pickles
//
// The pickles of torch.save are run by github.com/nlpodyssey/gopickle, which knows no
// class but those that this package gives it: what a state dict is made of. Its own
// reader of PyTorch's files is not used, for it believes every size that a file names,
// panics on odd ones and reads storages short. In front of the library a walk over the
// opcodes holds every length against the size of the file.
package torch
