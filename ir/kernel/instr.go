package kernel

// Instr is one instruction of a layer. The types of this file are all there are.
type Instr interface{ isInstr() }

// MatVec is Dst = Init + M·Src over all (padded) rows of the matrix. Init may
// be Dst.
type MatVec struct {
	Dst, Init, Src Ref
	Matrix         int
}

// Lookup copies row Input of the table constant to Dst (Pad(width) elements).
// A index that is not below the port's bound panics in Go before any call.
type Lookup struct {
	Dst   Ref
	Table int // of Consts
	Input int // of Program.Inputs: an index port
}

// Func is an element-wise function.
type Func uint8

const (
	Tanh Func = iota
	Sigmoid
	ReLU
	ClippedReLU
)

// Activate is Dst = Func(Src) over Pad(Size) elements; Dst may be Src. Zero
// stays zero in the padding only for Tanh, ReLU and ClippedReLU.
type Activate struct {
	Func     Func
	Clip     float32
	Dst, Src Ref
	Size     int
}

// BinaryFunc is an element-wise function of two vectors.
type BinaryFunc uint8

const (
	Add BinaryFunc = iota
	Sub
	Mul
)

// Binary is Dst = A op B over Pad(Size) elements; any may be the same.
type Binary struct {
	Func      BinaryFunc
	Dst, A, B Ref
	Size      int
}

// Copy copies exactly Size elements; offsets need not be multiples of Lanes.
type Copy struct {
	Dst, Src Ref
	Size     int
}

// Softmax is over exactly Size elements; Dst may be Src.
type Softmax struct {
	Dst, Src Ref
	Size     int
}

// GRUCell updates H in place, reset after: X and R hold the blocks r, z, n of
// Pad(Size) elements each, X from the input (with every bias that can be
// folded), R from the state (with b_hn).
// n = Func(X.n + σ(X.r+R.r)⊙R.n), H = n + σ(X.z+R.z)⊙(H−n).
type GRUCell struct {
	Func    Func
	H, X, R Ref
	Size    int
}

// GRUReset is RH = σ(X.r+R.r)⊙H, the first half of a reset-before GRU. R has
// the blocks r, z only.
type GRUReset struct {
	RH, H, X, R Ref
	Size        int
}

// GRUUpdate is the second half: n = Func(X.n+N), H = n + σ(X.z+R.z)⊙(H−n).
type GRUUpdate struct {
	Func       Func
	H, X, R, N Ref
	Size       int
}

// LSTMCell updates H and C in place; X holds the pre-activations, which are sums
// of both products and the biases, in the blocks i, f, g, o.
// C = σ(X.f)⊙C + σ(X.i)⊙tanh(X.g), H = σ(X.o)⊙tanh(C).
type LSTMCell struct {
	H, C, X Ref
	Size    int
}

func (MatVec) isInstr()    {}
func (Lookup) isInstr()    {}
func (Activate) isInstr()  {}
func (Binary) isInstr()    {}
func (Copy) isInstr()      {}
func (Softmax) isInstr()   {}
func (GRUCell) isInstr()   {}
func (GRUReset) isInstr()  {}
func (GRUUpdate) isInstr() {}
func (LSTMCell) isInstr()  {}
