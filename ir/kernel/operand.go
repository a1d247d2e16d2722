package kernel

// Access says how an instruction uses an operand.
type Access uint8

const (
	Read Access = 1 << iota
	Write
)

// Operand is one place that an instruction reads or writes: Blocks blocks of
// Size elements, each at the next multiple of Lanes after the one before.
type Operand struct {
	Role   string // the field of the instruction
	Ref    Ref
	Access Access
	Blocks int
	Size   int  // of a block, without padding
	Exact  bool // only Size elements are touched, at any offset
	Reach  int  // of the source of a matrix: so many elements from Ref may be read
}

// Extent is the number of elements from Ref that the instruction may write or
// needs; what is read behind that up to Reach may be anything finite.
func (o Operand) Extent() int {
	if o.Exact || o.Reach > 0 {
		return o.Size
	}
	return o.Blocks * Pad(o.Size)
}

// Operands lists what the instruction reads and writes, reads first. The rows
// of a MatVec come from its matrix.
func (p *Program) Operands(in Instr) []Operand {
	vec := func(role string, r Ref, a Access, blocks, size int) Operand {
		return Operand{Role: role, Ref: r, Access: a, Blocks: blocks, Size: size}
	}
	exact := func(role string, r Ref, a Access, size int) Operand {
		return Operand{Role: role, Ref: r, Access: a, Blocks: 1, Size: size, Exact: true}
	}
	switch in := in.(type) {
	case MatVec:
		m := p.Matrices[in.Matrix].Packed
		further := max(1, in.Vectors) - 1
		return []Operand{
			exact("Init", in.Init, Read, m.Rows()),
			{Role: "Src", Ref: in.Src, Access: Read, Blocks: 1, Size: further*in.SrcStep + m.Cols(),
				Reach: further*in.SrcStep + Pad(m.Cols()) + Guard},
			exact("Dst", in.Dst, Write, further*in.DstStep+m.Rows()),
		}
	case Lookup:
		return []Operand{vec("Dst", in.Dst, Write, 1, p.Consts[in.Table].Cols)}
	case Activate:
		return []Operand{vec("Src", in.Src, Read, 1, in.Size), vec("Dst", in.Dst, Write, 1, in.Size)}
	case Binary:
		return []Operand{vec("A", in.A, Read, 1, in.Size), vec("B", in.B, Read, 1, in.Size),
			vec("Dst", in.Dst, Write, 1, in.Size)}
	case Copy:
		return []Operand{exact("Src", in.Src, Read, in.Size), exact("Dst", in.Dst, Write, in.Size)}
	case Ahead:
		return []Operand{exact("Src", in.Src, Read, in.Size), exact("Dst", in.Dst, Write, in.Size)}
	case Hold:
		return []Operand{exact("Src", in.Src, Read, in.Size), exact("Dst", in.Dst, Write, in.Size)}
	case Masked:
		return []Operand{exact("Mask", in.Mask, Read, 1), exact("Value", in.Value, Write, in.Size)}
	case Softmax:
		n := in.Size * max(1, in.Groups)
		return []Operand{exact("Src", in.Src, Read, n), exact("Dst", in.Dst, Write, n)}
	case Pick:
		dst := exact("Dst", in.Dst, Write, in.Size())
		if n := in.Reach(); n > 0 {
			return []Operand{exact("Src", in.Src, Read, n), dst}
		}
		return []Operand{dst}
	case Reduce:
		return []Operand{exact("Src", in.Src, Read, in.Size*in.Groups), exact("Dst", in.Dst, Write, in.Groups)}
	case Normalize:
		n := in.Size * in.Groups
		return []Operand{exact("Src", in.Src, Read, n), exact("Dst", in.Dst, Write, n)}
	case GRUCell:
		return []Operand{vec("X", in.X, Read, 3, in.Size), vec("R", in.R, Read, 3, in.Size),
			vec("H", in.H, Read|Write, 1, in.Size)}
	case GRUReset:
		return []Operand{vec("X", in.X, Read, 1, in.Size), vec("R", in.R, Read, 1, in.Size),
			vec("H", in.H, Read, 1, in.Size), vec("RH", in.RH, Write, 1, in.Size)}
	case GRUUpdate:
		return []Operand{vec("X", in.X, Read, 3, in.Size), vec("R", in.R, Read, 2, in.Size),
			vec("N", in.N, Read, 1, in.Size), vec("H", in.H, Read|Write, 1, in.Size)}
	case LSTMCell:
		return []Operand{vec("X", in.X, Read, 4, in.Size),
			vec("H", in.H, Write, 1, in.Size), vec("C", in.C, Read|Write, 1, in.Size)}
	}
	return nil
}

// anyOffset reports whether an operand of the instruction may begin at any
// element.
func anyOffset(in Instr, o Operand) bool {
	switch in.(type) {
	case Copy, Pick, Ahead, Hold, Masked:
		return true
	case MatVec:
		return o.Role == "Src"
	}
	return false
}
