package ir

// Op is what a node does. The concrete types of this file are all there are.
//
// The `ir` tag of a field gives its keyword in the text form and says what it
// is: `param` names a Param, `state` names a State, neither is a plain
// attribute; `optional` may be empty.
type Op interface {
	// Kind is the op's keyword in the text form.
	Kind() string
	isOp()
	// infer is the op's typing rule (rules.go).
	infer(*operands) (Type, bool)
}

// Direction is the way a recurrent op goes through a sequence.
type Direction uint8

const (
	Forward Direction = iota
	Reverse
)

// Linear is y = W·x + b, with W [out in] and b [out].
type Linear struct {
	Weight string `ir:"weight,param"`
	Bias   string `ir:"bias,param,optional"`
}

// Embedding yields row x of Weight [bound width], x an Index.
type Embedding struct {
	Weight string `ir:"weight,param"`
}

// RNN is h' = f(W_ih·x + b_ih + W_hh·h + b_hh), with W_ih [H in], W_hh [H H].
// Its value is h'.
type RNN struct {
	WeightIH  string    `ir:"weight_ih,param"`
	WeightHH  string    `ir:"weight_hh,param"`
	BiasIH    string    `ir:"bias_ih,param,optional"`
	BiasHH    string    `ir:"bias_hh,param,optional"`
	H         string    `ir:"h,state"`
	Func      Func      `ir:"func"`
	Clip      float32   `ir:"clip,optional"` // of ClippedReLU
	Direction Direction `ir:"direction,optional"`
}

// ResetMode says what a GRU's reset gate multiplies.
type ResetMode uint8

const (
	ResetAfter  ResetMode = iota // n = f(W_in·x + b_in + r⊙(W_hn·h + b_hn)): PyTorch, cuDNN
	ResetBefore                  // n = f(W_in·x + b_in + W_hn·(r⊙h) + b_hn): the first paper
)

// GRU has gates r, z, n stacked by rows in that order: W_ih [3H in], W_hh
// [3H H], biases [3H]. h' = (1−z)⊙n + z⊙h. Its value is h'.
type GRU struct {
	WeightIH  string    `ir:"weight_ih,param"`
	WeightHH  string    `ir:"weight_hh,param"`
	BiasIH    string    `ir:"bias_ih,param,optional"`
	BiasHH    string    `ir:"bias_hh,param,optional"`
	H         string    `ir:"h,state"`
	Reset     ResetMode `ir:"reset"`
	Func      Func      `ir:"func"` // of the candidate n: Tanh or ReLU
	Direction Direction `ir:"direction,optional"`
}

// LSTM has gates i, f, g, o stacked by rows in that order: W_ih [4H in], W_hh
// [4H H], biases [4H]. c' = σ(f)⊙c + σ(i)⊙tanh(g); h' = σ(o)⊙tanh(c').
// Its value is h'.
type LSTM struct {
	WeightIH  string    `ir:"weight_ih,param"`
	WeightHH  string    `ir:"weight_hh,param"`
	BiasIH    string    `ir:"bias_ih,param,optional"`
	BiasHH    string    `ir:"bias_hh,param,optional"`
	H         string    `ir:"h,state"`
	C         string    `ir:"c,state"`
	Direction Direction `ir:"direction,optional"`
}

// Func is an element-wise function.
type Func uint8

const (
	Tanh Func = iota
	Sigmoid
	ReLU
	ClippedReLU // min(max(x, 0), Clip)
	Identity
)

// Activation applies Func to every element.
type Activation struct {
	Func Func    `ir:"func"`
	Clip float32 `ir:"clip,optional"` // of ClippedReLU
}

// Concat joins vectors in the order of its inputs.
type Concat struct{}

// BinaryFunc is an element-wise function of two vectors of one shape.
type BinaryFunc uint8

const (
	Add BinaryFunc = iota
	Sub
	Mul
)

// Binary applies Func to two vectors of one shape.
type Binary struct {
	Func BinaryFunc `ir:"func"`
}

// Softmax is exp(x−max x) over its sum, over the whole vector.
type Softmax struct{}

func (Linear) Kind() string     { return "Linear" }
func (Embedding) Kind() string  { return "Embedding" }
func (RNN) Kind() string        { return "RNN" }
func (GRU) Kind() string        { return "GRU" }
func (LSTM) Kind() string       { return "LSTM" }
func (Activation) Kind() string { return "Activation" }
func (Concat) Kind() string     { return "Concat" }
func (Binary) Kind() string     { return "Binary" }
func (Softmax) Kind() string    { return "Softmax" }

func (Linear) isOp()     {}
func (Embedding) isOp()  {}
func (RNN) isOp()        {}
func (GRU) isOp()        {}
func (LSTM) isOp()       {}
func (Activation) isOp() {}
func (Concat) isOp()     {}
func (Binary) isOp()     {}
func (Softmax) isOp()    {}

func (o RNN) direction() Direction  { return o.Direction }
func (o GRU) direction() Direction  { return o.Direction }
func (o LSTM) direction() Direction { return o.Direction }
