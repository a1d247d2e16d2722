package kernel

import (
	"encoding/binary"
	"math"
)

// SectionAlign is the alignment in bytes of every section inside weights.bin.
const SectionAlign = 64

// MinImage is the least size of weights.bin: the Go linker aligns smaller
// embedded files to one byte.
const MinImage = 2048

// Layout says where every constant and every section of every matrix begins in
// weights.bin, in bytes.
type Layout struct {
	Consts   []int
	Matrices [][]int // [matrix][section]
	Size     int
}

// Layout places matrices in the order in which the layers read them, then the
// constants.
func (p *Program) Layout() Layout {
	l := Layout{Consts: make([]int, len(p.Consts)), Matrices: make([][]int, len(p.Matrices))}
	place := func(n int) int {
		at := (l.Size + SectionAlign - 1) &^ (SectionAlign - 1)
		l.Size = at + n
		return at
	}
	for i, m := range p.Matrices {
		for _, s := range m.Packed.Sections() {
			l.Matrices[i] = append(l.Matrices[i], place(len(s.Data)))
		}
	}
	for i, c := range p.Consts {
		l.Consts[i] = place(4 * len(c.Data))
	}
	// A kernel may read one vector past the last section.
	l.Size = max(MinImage, (l.Size+2*SectionAlign-1)&^(SectionAlign-1))
	return l
}

// Image is the content of weights.bin, little-endian.
func (p *Program) Image() []byte {
	l := p.Layout()
	img := make([]byte, l.Size)
	for i, m := range p.Matrices {
		for j, s := range m.Packed.Sections() {
			copy(img[l.Matrices[i][j]:], s.Data)
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
