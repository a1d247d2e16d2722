package kernel

// Instr is one instruction of a layer. The types of this file are all there are.
type Instr interface{ isInstr() }

// MatVec is Dst = Init + M·Src over all (padded) rows of the matrix. Init may
// be Dst. Src may begin at any element.
//
// With Vectors above 1 it is as many products of vectors that begin SrcStep
// elements apart and may overlap, Init, a constant, being the same in all of them.
// The results begin DstStep elements apart, at least as many as the matrix has
// padded rows.
type MatVec struct {
	Dst, Init, Src   Ref
	Matrix           int
	Vectors          int // 0 is 1
	DstStep, SrcStep int
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
	HardSigmoid
	LeakyReLU
	ThresholdedReLU
	ScaledTanh
	Affine
	ELU
	Softsign
	Softplus
	Clamp
	Exp
	Log
	Sqrt
	Abs
	Reciprocal
	Power
	Erf
)

// Total reports whether the function of any finite number is finite. Others are
// not applied to padding.
func (f Func) Total() bool {
	switch f {
	case Exp, Log, Sqrt, Reciprocal, Power:
		return false
	}
	return true
}

// Activate is Dst = Func(Src), the functions as package ir defines them, over
// Pad(Size) elements or, where Func is not Total, over Size; Dst may be Src. What
// is in the padding of Dst then is finite if that of Src is, and zero stays zero
// only for some functions.
type Activate struct {
	Func              Func
	Clip, Alpha, Beta float32
	Dst, Src          Ref
	Size              int
}

// Numbers are those that the function of the instruction has, in the order in
// which kernels take them.
func (in Activate) Numbers() []float32 {
	switch in.Func {
	case ClippedReLU:
		return []float32{in.Clip}
	case HardSigmoid, ScaledTanh, Affine, Clamp:
		return []float32{in.Alpha, in.Beta}
	case LeakyReLU, ThresholdedReLU, ELU, Power:
		return []float32{in.Alpha}
	}
	return nil
}

// BinaryFunc is an element-wise function of two vectors.
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

// Total reports whether the function of any finite numbers is finite. Others are
// not applied to padding.
func (f BinaryFunc) Total() bool { return f != Div && f != Pow }

// Binary is Dst = A op B over Pad(Size) elements or, where Func is not Total, over
// Size; any may be the same.
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

// Softmax is over exactly Size elements; Dst may be Src. With Groups above 1 it is
// over each of as many runs of Size elements, and Dst apart from Src.
type Softmax struct {
	Dst, Src Ref
	Size     int
	Groups   int // 0 is 1
}

// ReduceFunc makes one number of several.
type ReduceFunc uint8

const (
	Sum ReduceFunc = iota
	Mean
	Largest
	Smallest
)

// Reduce makes one element of each of Groups runs of Size elements.
type Reduce struct {
	Func         ReduceFunc
	Dst, Src     Ref
	Size, Groups int
}

// Normalize is (x − mean) / √(variance + Epsilon) over each of Groups runs of Size
// elements; Dst may be Src.
type Normalize struct {
	Dst, Src     Ref
	Size, Groups int
	Epsilon      float32
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
func (Reduce) isInstr()    {}
func (Normalize) isInstr() {}
func (Pick) isInstr()      {}
