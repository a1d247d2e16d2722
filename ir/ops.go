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

// Linear is y = W·x + b, with W [out in] and b [out]. With Rows above 1 the input
// is so many vectors of in, one after the other, and the value as many of out: a
// convolution is one over its windows.
type Linear struct {
	Weight string `ir:"weight,param"`
	Bias   string `ir:"bias,param,optional"`
	Rows   int    `ir:"rows,optional"` // 0 is 1
}

// Constant is a value that is the same in every frame: the elements of a
// parameter in their order. It has no inputs.
type Constant struct {
	Value string `ir:"value,param"`
}

// Embedding yields row x of Weight [bound width], x an Index.
type Embedding struct {
	Weight string `ir:"weight,param"`
}

// A recurrent op may have a second input, a vector of one element: in frames where
// that is 0 its states stay as they are and its value is zeros. So a sequence that
// is shorter than others of its batch ends (forwards) or begins (backwards).
//
// Bound, if it is not 0, limits what the functions of the gates read to
// [−Bound, Bound].

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
	Alpha     float32   `ir:"alpha,optional"`
	Beta      float32   `ir:"beta,optional"`
	Bound     float32   `ir:"bound,optional"`
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
	Func      Func      `ir:"func"` // of the candidate n
	Alpha     float32   `ir:"alpha,optional"`
	Beta      float32   `ir:"beta,optional"`
	Gate      FuncSpec  `ir:"gate,optional"` // of r and z; empty is the sigmoid
	Bound     float32   `ir:"bound,optional"`
	Direction Direction `ir:"direction,optional"`
}

// LSTM has gates i, f, g, o stacked by rows in that order: W_ih [4H in], W_hh
// [4H H], biases [4H]. c' = σ(f)⊙c + σ(i)⊙tanh(g); h' = σ(o)⊙tanh(c').
// Its value is h', with Both h' followed by c'.
//
// A Peephole [3H] holds p_i, p_f and p_o: i and f also read p_i⊙c and p_f⊙c, o reads
// p_o⊙c'. With Coupled the forget gate is 1 − σ(i), and the rows of f count for
// nothing.
type LSTM struct {
	WeightIH  string    `ir:"weight_ih,param"`
	WeightHH  string    `ir:"weight_hh,param"`
	BiasIH    string    `ir:"bias_ih,param,optional"`
	BiasHH    string    `ir:"bias_hh,param,optional"`
	H         string    `ir:"h,state"`
	C         string    `ir:"c,state"`
	Peephole  string    `ir:"peephole,param,optional"`
	Gate      FuncSpec  `ir:"gate,optional"`      // of i, f and o; empty is the sigmoid
	Candidate FuncSpec  `ir:"candidate,optional"` // of g; empty is tanh
	Output    FuncSpec  `ir:"output,optional"`    // of c' in h'; empty is tanh
	Coupled   bool      `ir:"coupled,optional"`
	Both      bool      `ir:"both,optional"`
	Bound     float32   `ir:"bound,optional"`
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
	HardSigmoid     // min(max(Alpha·x + Beta, 0), 1)
	LeakyReLU       // x where x ≥ 0, else Alpha·x
	ThresholdedReLU // x where x > Alpha, else 0
	ScaledTanh      // Alpha·tanh(Beta·x)
	Affine          // Alpha·x + Beta
	ELU             // x where x ≥ 0, else Alpha·(exp(x) − 1)
	Softsign        // x / (1 + |x|)
	Softplus        // log(1 + exp(x))
	Clamp           // min(max(x, Alpha), Beta)
	Exp
	Log
	Sqrt
	Abs
	Reciprocal
	Power // x to the power Alpha
	Erf
)

// Activation applies Func to every element.
type Activation struct {
	Func  Func    `ir:"func"`
	Clip  float32 `ir:"clip,optional"` // of ClippedReLU
	Alpha float32 `ir:"alpha,optional"`
	Beta  float32 `ir:"beta,optional"`
}

// Recall is the value of a state at the beginning of a frame. It has no inputs.
// Recall and Store of a state come in pairs, and nothing else uses it: they spell
// out a recurrence that is none of the cells above. Nodes between the two must not
// be reversed.
type Recall struct {
	State string `ir:"state,state"`
}

// Store is its input, which the state has at the beginning of the next frame.
type Store struct {
	State string `ir:"state,state"`
}

// Concat joins vectors in the order of its inputs.
type Concat struct{}

// Pick makes a vector of elements of its input, any of them any number of times:
// slices, transpositions, paddings, windows of convolutions.
type Pick struct {
	Spans Spans `ir:"spans"`
}

// ReduceFunc makes one number of several.
type ReduceFunc uint8

const (
	Sum ReduceFunc = iota
	Mean
	Largest
	Smallest
)

// Reduce makes one element of each Size consecutive ones.
type Reduce struct {
	Func ReduceFunc `ir:"func"`
	Size int        `ir:"size"`
}

// Normalize is (x − mean) / √(variance + Epsilon) over each Size consecutive
// elements, the variance that of the population.
type Normalize struct {
	Size    int     `ir:"size"`
	Epsilon float32 `ir:"epsilon"`
}

// BinaryFunc is an element-wise function of two vectors of one shape.
type BinaryFunc uint8

const (
	Add BinaryFunc = iota
	Sub
	Mul
	Div
	Max
	Min
	Pow
)

// Binary applies Func to two vectors of one shape.
type Binary struct {
	Func BinaryFunc `ir:"func"`
}

// Softmax is exp(x−max x) over its sum, over each Size consecutive elements, or
// over the whole vector where that is 0.
type Softmax struct {
	Size int `ir:"size,optional"`
}

// Ahead is its input By frames later, zeros behind the last frame.
type Ahead struct {
	By int `ir:"by"`
}

// End is the first or the last frame of a sequence.
type End uint8

const (
	First End = iota
	Last
)

// Hold is its input at one end of the sequence, in every frame.
type Hold struct {
	At End `ir:"at"`
}

func (Linear) Kind() string     { return "Linear" }
func (Constant) Kind() string   { return "Constant" }
func (Embedding) Kind() string  { return "Embedding" }
func (RNN) Kind() string        { return "RNN" }
func (GRU) Kind() string        { return "GRU" }
func (LSTM) Kind() string       { return "LSTM" }
func (Activation) Kind() string { return "Activation" }
func (Recall) Kind() string     { return "Recall" }
func (Store) Kind() string      { return "Store" }
func (Concat) Kind() string     { return "Concat" }
func (Pick) Kind() string       { return "Pick" }
func (Reduce) Kind() string     { return "Reduce" }
func (Normalize) Kind() string  { return "Normalize" }
func (Binary) Kind() string     { return "Binary" }
func (Softmax) Kind() string    { return "Softmax" }
func (Ahead) Kind() string      { return "Ahead" }
func (Hold) Kind() string       { return "Hold" }

func (Linear) isOp()     {}
func (Constant) isOp()   {}
func (Embedding) isOp()  {}
func (RNN) isOp()        {}
func (GRU) isOp()        {}
func (LSTM) isOp()       {}
func (Activation) isOp() {}
func (Recall) isOp()     {}
func (Store) isOp()      {}
func (Concat) isOp()     {}
func (Pick) isOp()       {}
func (Reduce) isOp()     {}
func (Normalize) isOp()  {}
func (Binary) isOp()     {}
func (Softmax) isOp()    {}
func (Ahead) isOp()      {}
func (Hold) isOp()       {}

func (o RNN) direction() Direction  { return o.Direction }
func (o GRU) direction() Direction  { return o.Direction }
func (o LSTM) direction() Direction { return o.Direction }
