package kernel

import (
	"errors"
	"fmt"

	"github.com/sparsec/sparsec/ir/sparse"
)

// Verify lists every fault of the program, joined: references out of range or
// out of bounds, offsets that are not multiples of Lanes, operands that overlap
// where a kernel forbids it, values read before they are written, ranges that
// do not cover their matrix, and matrices that nothing reads.
func (p *Program) Verify() error {
	v := verifier{p: p}
	v.streams()
	v.buffers()
	v.ports()
	v.states()
	v.consts()
	v.matrices()
	if len(v.faults) == 0 { // the layers can only be followed through sound tables
		v.layers()
	}
	if len(v.faults) == 0 { // of sound instructions only
		v.stages()
		v.masks()
	}
	return errors.Join(v.faults...)
}

type verifier struct {
	p      *Program
	faults []error

	written [][]bool // [buffer][element]: holds a value of this step
	input   []bool   // [buffer]: belongs to an input port
	used    []bool   // [matrix]: some layer reads it
}

func (v *verifier) fault(format string, args ...any) {
	v.faults = append(v.faults, fmt.Errorf("program %q: "+format, append([]any{v.p.Name}, args...)...))
}

// streams checks that the matrices are packed for as many streams as the program
// moves.
func (v *verifier) streams() {
	if v.p.Batch%8 != 0 || v.p.Batch < 0 || v.p.Batch > MaxBatch {
		v.fault("%d streams in lockstep: want a multiple of 8 up to %d, or 0", v.p.Batch, MaxBatch)
	}
	for _, m := range v.p.Matrices {
		switch packed := m.Packed.(type) {
		case *sparse.Stream:
			if packed.Lanes() != v.p.Batch {
				v.fault("matrix %q: packed for %d streams, the program has %d", m.Name, packed.Lanes(), v.p.Streams())
			}
		case sparse.DenseLockstep:
			switch {
			case v.p.Batch == 0:
				v.fault("matrix %q: packed for several streams in a program of one", m.Name)
			case packed.Precision() != sparse.Float32:
				v.fault("matrix %q: weights of %s have no kernel for several streams", m.Name, packed.Precision())
			}
		case nil: // matrices faults that
		default:
			if v.p.Batch > 0 {
				v.fault("matrix %q: a %T has no kernel for %d streams", m.Name, packed, v.p.Batch)
			}
		}
	}
}

func (v *verifier) buffers() {
	seen := map[string]bool{}
	for i, b := range v.p.Buffers {
		switch {
		case b.Name == "":
			v.fault("buffer %d: no name", i)
		case seen[b.Name]:
			v.fault("buffer %q: two buffers have this name", b.Name)
		case b.Len < 1:
			v.fault("buffer %q: length %d, want at least 1", b.Name, b.Len)
		}
		seen[b.Name] = true
	}
}

func (v *verifier) ports() {
	for _, in := range v.p.Inputs {
		if in.Bound > 0 {
			if in.Buf != -1 {
				v.fault("input %q: an index has buffer %d, want -1", in.Name, in.Buf)
			}
			continue
		}
		v.port("input", in)
	}
	for _, out := range v.p.Outputs {
		if out.Bound > 0 {
			v.fault("output %q: is an index; outputs are float32", out.Name)
			continue
		}
		v.port("output", out)
	}
	if len(v.p.Outputs) == 0 {
		v.fault("no output")
	}
}

func (v *verifier) port(what string, port Port) {
	if port.Buf < 0 || port.Buf >= len(v.p.Buffers) {
		v.fault("%s %q: buffer %d, there are %d", what, port.Name, port.Buf, len(v.p.Buffers))
		return
	}
	if b := v.p.Buffers[port.Buf]; port.Size < 1 || port.Size > b.Len {
		v.fault("%s %q: size %d, buffer %q has %d", what, port.Name, port.Size, b.Name, b.Len)
	}
}

func (v *verifier) states() {
	owner := map[int]string{}
	for _, s := range v.p.States {
		if s.Buf < 0 || s.Buf >= len(v.p.Buffers) {
			v.fault("state %q: buffer %d, there are %d", s.Name, s.Buf, len(v.p.Buffers))
			continue
		}
		if b := v.p.Buffers[s.Buf]; s.Size < 1 || s.Size > b.Len {
			v.fault("state %q: size %d, buffer %q has %d", s.Name, s.Size, b.Name, b.Len)
		}
		if other, ok := owner[s.Buf]; ok {
			v.fault("state %q: shares its buffer with state %q", s.Name, other)
		}
		owner[s.Buf] = s.Name
		v.units(s)
		if s.Init == -1 {
			continue
		}
		if s.Init < 0 || s.Init >= len(v.p.Consts) {
			v.fault("state %q: initial constant %d, there are %d", s.Name, s.Init, len(v.p.Consts))
		} else if c := v.p.Consts[s.Init]; c.Rows != 1 || c.Cols != s.Size {
			v.fault("state %q: initial constant %q is %d×%d, want 1×%d", s.Name, c.Name, c.Rows, c.Cols, s.Size)
		}
	}
}

func (v *verifier) consts() {
	for i, c := range v.p.Consts {
		if c.Rows < 1 || c.Cols < 1 || len(c.Data) != c.Rows*Pad(c.Cols) {
			v.fault("constant %d %q: %d values for %d rows of %d padded to a multiple of %d",
				i, c.Name, len(c.Data), c.Rows, c.Cols, Lanes)
			continue
		}
		for r := range c.Rows {
			for _, x := range c.Data[r*Pad(c.Cols)+c.Cols : (r+1)*Pad(c.Cols)] {
				if x != 0 {
					v.fault("constant %d %q: padding of row %d is not zero", i, c.Name, r)
					break
				}
			}
		}
	}
}

func (v *verifier) matrices() {
	if v.p.Base > v.p.Level || v.p.Level > AVX512 {
		v.fault("levels %s to %s: want a rising range of those there are", v.p.Base, v.p.Level)
		return
	}
	for i, m := range v.p.Matrices {
		if m.Wide != nil && (v.p.Base == AVX512 || v.p.Level < AVX512) {
			v.fault("matrix %q: has a second form for %s in a program for %s to %s", m.Name, AVX512, v.p.Base, v.p.Level)
		}
		for _, f := range m.Forms() {
			v.form(i, &m, f)
		}
		if m.Wide != nil && m.Packed != nil && m.Wide.Packed != nil && m.Wide.Packed.Rows() != m.Packed.Rows() {
			v.fault("matrix %q: %d packed rows for %s, want the %d of its other form", m.Name, m.Wide.Packed.Rows(), AVX512, m.Packed.Rows())
		}
	}
}

// form checks one form of a matrix.
func (v *verifier) form(i int, m *Matrix, f *Form) {
	if f.Packed == nil {
		v.fault("matrix %d %q: not packed", i, m.Name)
		return
	}
	rows := f.Packed.Rows()
	if rows%8 != 0 || rows < m.Rows || m.Rows < 1 {
		v.fault("matrix %q: %d packed rows for %d, want a multiple of 8 that holds them", m.Name, rows, m.Rows)
	}
	if f.Packed.Cols() != m.Cols {
		v.fault("matrix %q: %d packed columns, want %d", m.Name, f.Packed.Cols(), m.Cols)
	}
	if f.Packed.NNZ() != m.NNZ {
		v.fault("matrix %q: %d packed weights, want %d", m.Name, f.Packed.NNZ(), m.NNZ)
	}
	at := 0
	for _, r := range f.Ranges {
		if r.From != at || r.To <= r.From {
			v.fault("matrix %q: range %d–%d does not continue at group %d", m.Name, r.From, r.To, at)
		}
		at = r.To
	}
	if at != rows/8 {
		v.fault("matrix %q: ranges end at group %d, want %d", m.Name, at, rows/8)
	}
}

func (v *verifier) layers() {
	v.written = make([][]bool, len(v.p.Buffers))
	for i, b := range v.p.Buffers {
		v.written[i] = make([]bool, Pad(b.Len))
	}
	v.input = make([]bool, len(v.p.Buffers))
	v.used = make([]bool, len(v.p.Matrices))
	for _, in := range v.p.Inputs {
		if in.Bound == 0 {
			v.input[in.Buf] = true
			fill(v.written[in.Buf])
		}
	}
	for _, s := range v.p.States {
		fill(v.written[s.Buf])
	}
	seen := map[string]bool{}
	for _, l := range v.p.Layers {
		if l.Name == "" || seen[l.Name] {
			v.fault("layer %q: name is empty or taken", l.Name)
		}
		seen[l.Name] = true
		for i, in := range l.Instrs {
			v.instr(fmt.Sprintf("layer %q instruction %d (%s)", l.Name, i, mnemonic(in)), in)
		}
		if len(v.faults) == 0 { // of sound instructions only
			v.phases(l, l.Phases, (*Matrix).Forms)
			v.phases(l, l.Turns, v.p.turning)
		}
	}
	for _, out := range v.p.Outputs {
		if !all(v.written[out.Buf][:out.Size]) {
			v.fault("output %q: buffer %q is not wholly written", out.Name, v.p.Buffers[out.Buf].Name)
		}
	}
	for i, m := range v.p.Matrices {
		if !v.used[i] {
			v.fault("matrix %q: no layer reads it", m.Name)
		}
	}
}

func (v *verifier) instr(where string, in Instr) {
	if !v.indices(where, in) {
		return
	}
	ops := v.p.Operands(in)
	if ops == nil {
		v.fault("%s: unknown instruction %T", where, in)
		return
	}
	sound := true
	for _, o := range ops {
		sound = v.bounds(where, in, o) && sound
	}
	if !sound {
		return
	}
	for _, o := range ops {
		if o.Access&Read != 0 && o.Ref.Space == Buf {
			v.defined(where, o)
		}
	}
	v.overlaps(where, in, ops)
	for _, o := range ops {
		if o.Access&Write != 0 {
			v.write(where, o)
		}
	}
}

// indices checks what an instruction names besides its operands.
func (v *verifier) indices(where string, in Instr) bool {
	switch in := in.(type) {
	case MatVec:
		if in.Matrix < 0 || in.Matrix >= len(v.p.Matrices) {
			v.fault("%s: matrix %d, there are %d", where, in.Matrix, len(v.p.Matrices))
			return false
		}
		v.used[in.Matrix] = true
		return v.vectors(where, in)
	case Lookup:
		if in.Table < 0 || in.Table >= len(v.p.Consts) {
			v.fault("%s: table %d, there are %d constants", where, in.Table, len(v.p.Consts))
			return false
		}
		if in.Input < 0 || in.Input >= len(v.p.Inputs) {
			v.fault("%s: input %d, there are %d", where, in.Input, len(v.p.Inputs))
			return false
		}
		if port, table := v.p.Inputs[in.Input], v.p.Consts[in.Table]; port.Bound < 1 || port.Bound > table.Rows {
			v.fault("%s: input %q is bound by %d, table %q has %d rows", where, port.Name, port.Bound, table.Name, table.Rows)
			return false
		}
	case Pick:
		return v.moves(where, in)
	}
	return true
}

// vectors checks the steps of a product of several vectors.
func (v *verifier) vectors(where string, in MatVec) bool {
	m := v.p.Matrices[in.Matrix].Packed
	switch {
	case in.Vectors <= 1:
		return true
	case !in.Biased():
		v.fault("%s: Init of %d vectors is no constant", where, in.Vectors)
	case in.SrcStep < 1 || in.DstStep < m.Rows():
		v.fault("%s: %d vectors are %d apart, their products %d: want at least 1 and %d rows", where, in.Vectors, in.SrcStep, in.DstStep, m.Rows())
	default:
		return true
	}
	return false
}

// moves checks what a Pick moves.
func (v *verifier) moves(where string, in Pick) bool {
	for _, m := range in.Moves {
		from, _ := m.Reach()
		if m.Count < 1 || m.Times < 1 || m.From < -1 || m.From >= 0 && from < 0 || m.Zeros() && m.Times > 1 {
			v.fault("%s: move %+v, want elements of the source, or one run of zeros", where, m)
			return false
		}
	}
	return true
}

// bounds checks that the operand lies in one buffer or constant.
func (v *verifier) bounds(where string, in Instr, o Operand) bool {
	r := o.Ref
	var name string
	var elems, slack int
	switch {
	case r.Space == Buf && r.ID >= 0 && r.ID < len(v.p.Buffers):
		b := v.p.Buffers[r.ID]
		name, elems, slack = b.Name, Pad(b.Len), Guard
	case r.Space == Con && r.ID >= 0 && r.ID < len(v.p.Consts):
		c := v.p.Consts[r.ID]
		name, elems = c.Name, len(c.Data)
		if o.Access&Write != 0 {
			v.fault("%s: %s writes to constant %q", where, o.Role, name)
			return false
		}
	default:
		v.fault("%s: %s refers to nothing: space %d, number %d", where, o.Role, r.Space, r.ID)
		return false
	}
	if v.p.Batch > 0 && r.Space == Con && o.Role != "Init" {
		v.fault("%s: %s is constant %q, of which %d streams in lockstep have no copies", where, o.Role, name, v.p.Batch)
		return false
	}
	sound := true
	if r.Off < 0 || r.Off%Lanes != 0 && !anyOffset(in, o) {
		v.fault("%s: %s begins at element %d of %q, want a multiple of %d", where, o.Role, r.Off, name, Lanes)
		sound = false
	}
	if o.Size < 1 || r.Off+o.Extent() > elems {
		v.fault("%s: %s needs elements %d to %d of %q, which has %d", where, o.Role, r.Off, r.Off+o.Extent(), name, elems)
		sound = false
	}
	if r.Off+o.Reach > elems+slack {
		v.fault("%s: %s has fewer than %d readable elements in %q", where, o.Role, o.Reach, name)
		sound = false
	}
	return sound
}

// defined checks that every element but padding has a value.
func (v *verifier) defined(where string, o Operand) {
	w := v.written[o.Ref.ID]
	for b := range o.Blocks {
		from := o.Ref.Off + b*Pad(o.Size)
		if !all(w[from : from+o.Size]) {
			v.fault("%s: %s reads buffer %q from element %d before it is written",
				where, o.Role, v.p.Buffers[o.Ref.ID].Name, from)
			return
		}
	}
}

// overlaps checks that what is written is either the same place as what is read
// or apart from it, and apart from the source of a matrix in any case.
func (v *verifier) overlaps(where string, in Instr, ops []Operand) {
	inPlace := func(a, b Operand) bool {
		switch in := in.(type) {
		case MatVec:
			return a.Role != "Src" && b.Role != "Src"
		case Activate, Binary, Normalize:
			return true
		case Softmax:
			return in.Groups <= 1
		}
		return false
	}
	for i, a := range ops {
		for _, b := range ops[i+1:] {
			if (a.Access|b.Access)&Write == 0 || a.Ref.Space != b.Ref.Space || a.Ref.ID != b.Ref.ID {
				continue
			}
			if a.Ref.Off+a.Extent() <= b.Ref.Off || b.Ref.Off+b.Extent() <= a.Ref.Off {
				continue
			}
			if a.Ref != b.Ref || !inPlace(a, b) {
				v.fault("%s: %s and %s overlap in buffer %q", where, a.Role, b.Role, v.p.Buffers[a.Ref.ID].Name)
			}
		}
	}
}

func (v *verifier) write(where string, o Operand) {
	if v.input[o.Ref.ID] {
		v.fault("%s: %s writes to the input buffer %q", where, o.Role, v.p.Buffers[o.Ref.ID].Name)
	}
	fill(v.written[o.Ref.ID][o.Ref.Off : o.Ref.Off+o.Extent()])
}

func fill(b []bool) {
	for i := range b {
		b[i] = true
	}
}

func all(b []bool) bool {
	for _, x := range b {
		if !x {
			return false
		}
	}
	return true
}
