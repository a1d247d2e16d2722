package kernel

import (
	"encoding/binary"
	"math"
)

// SectionAlign is the alignment in bytes of every section inside weights.bin.
const SectionAlign = 64

// ReadAhead is the number of bytes behind a section that a kernel may read: one
// vector of the widest registers.
const ReadAhead = 64

// MinImage is the least size of weights.bin: the Go linker aligns smaller
// embedded files to one byte.
const MinImage = 2048

// Layout says where every constant and every section of every matrix begins in
// weights.bin, in bytes.
type Layout struct {
	Consts   []int
	Matrices [][]int // [matrix][section] of the matrix's own form
	Wide     [][]int // the same of its wide form; nil where there is none
	Size     int
}

// At is where the sections of the form begin that kernels of a level read.
func (l *Layout) At(matrix int, level Level) []int {
	if level == AVX512 && l.Wide[matrix] != nil {
		return l.Wide[matrix]
	}
	return l.Matrices[matrix]
}

// Layout places matrices in the order in which the layers read them, once all
// for one level and then all that differ for the next, so that either reads one
// ascending stream; then the constants. Forms of the same packed matrix share
// its sections.
func (p *Program) Layout() Layout {
	l := Layout{Consts: make([]int, len(p.Consts)), Matrices: make([][]int, len(p.Matrices)), Wide: make([][]int, len(p.Matrices))}
	placeAll := func(f *Form) (at []int) {
		for _, s := range f.Packed.Sections() {
			at = append(at, l.place(len(s.Data)))
		}
		return at
	}
	for i := range p.Matrices {
		l.Matrices[i] = placeAll(&p.Matrices[i].Form)
	}
	for i, m := range p.Matrices {
		switch {
		case m.Wide == nil:
		case m.Wide.Packed == m.Packed:
			l.Wide[i] = l.Matrices[i]
		default:
			l.Wide[i] = placeAll(m.Wide)
		}
	}
	for i, c := range p.Consts {
		l.Consts[i] = l.place(4 * len(c.Data))
	}
	l.end()
	return l
}

// place is where n more bytes begin.
func (l *Layout) place(n int) int {
	at := (l.Size + SectionAlign - 1) &^ (SectionAlign - 1)
	l.Size = at + n
	return at
}

// end makes room behind the last section for kernels that read ahead.
func (l *Layout) end() {
	l.place(ReadAhead)
	l.Size = max(MinImage, (l.Size+SectionAlign-1)&^(SectionAlign-1))
}

// Image is the content of weights.bin, little-endian.
func (p *Program) Image() []byte {
	l := p.Layout()
	img := make([]byte, l.Size)
	for i := range p.Matrices {
		for _, level := range p.Levels() {
			at := l.At(i, level)
			for j, s := range p.Matrices[i].At(level).Packed.Sections() {
				copy(img[at[j]:], s.Data)
			}
		}
	}
	for i, c := range p.Consts {
		b := img[l.Consts[i]:]
		for k, v := range c.Data {
			binary.LittleEndian.PutUint32(b[4*k:], math.Float32bits(v))
		}
	}
	return img
}
