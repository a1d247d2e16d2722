//go:build amd64 && !purego

package gemm

import "unsafe"

// workspace is what one worker packs into. It grows to what the largest product
// needs, at most about 2 MB, and is used again.
type workspace struct {
	a, b buffer
	edge [maxMR * maxNR]float32 // one tile of C
}

// buffer is memory aligned to cache lines.
type buffer struct{ data []float32 }

// take returns n elements with any contents. They replace what was taken before.
func (b *buffer) take(n int) []float32 {
	if len(b.data) < n {
		b.data = alignedFloats(n)
	}
	return b.data[:n]
}

// alignedFloats returns n elements that begin on a cache line.
func alignedFloats(n int) []float32 {
	const line = 64 / 4
	x := make([]float32, n+line)
	skip := -int(uintptr(unsafe.Pointer(&x[0]))/4) & (line - 1)
	return x[skip : skip+n : skip+n]
}

// Rows of a packed block of A are a multiple of a page apart at worst; padding
// by one cache line keeps them out of the same cache set.
const padA = 16

// Copying A costs more than reading it in place for up to directCols columns of
// C. Where A is transposed every k step reads another of its rows, and the limit
// is directPanels panels of B, each of which reads A once.
const (
	directCols   = 64
	directPanels = 2
)

// packA prepares rows m0 to m1 and columns l to l+k of op(A) for cols columns of
// C. The micro-kernel takes A at any strides, so that packing only brings the
// rows of A, as they are stored, close to each other: it is what saves the TLB,
// and the cache sets when the rows of A are a power of two apart.
func (w *workspace) packA(j *job, m0, m1, l, k, cols int) view {
	a := j.opA(m0, l)
	switch {
	case !j.transA && cols <= directCols, j.transA && cols <= directPanels*j.kernel.nr:
		return a
	case j.transA:
		return view{w.copyA(a.data, a.cs, k, m1-m0), 1, m1 - m0 + padA}
	}
	return view{w.copyA(a.data, a.rs, m1-m0, k), k + padA, 1}
}

func (w *workspace) copyA(src []float32, ld, rows, cols int) []float32 {
	dst := w.a.take(rows * (cols + padA))
	for i := range rows {
		copy(dst[i*(cols+padA):][:cols], src[i*ld:])
	}
	return dst
}
