//go:build amd64 && !purego

package gemm

// panels is a block of op(B), k rows deep, cut into panels of nr columns. The
// first ones are read where they lie in B; the others are packed, row after row
// of nr elements, the last one padded with zeros.
type panels struct {
	k, nr  int
	direct int // number of panels read in place
	b      view
	packed []float32
}

// panel returns the first element of panel i and the distance of its rows.
func (p panels) panel(i int) (first *float32, rs int) {
	if i < p.direct {
		return &p.b.data[i*p.nr], p.b.rs
	}
	return &p.packed[(i-p.direct)*p.k*p.nr], p.nr
}

// directRows is the number of rows of C up to which copying B costs more than
// reading it from rows that lie far apart.
const directRows = 48

// packB prepares rows l to l+k and columns n0 to n1 of op(B) for rows rows of C.
func (w *workspace) packB(j *job, l, k, n0, n1, rows int) panels {
	nr := j.kernel.nr
	p := panels{k: k, nr: nr, b: j.opB(l, n0)}
	if !j.transB && rows <= directRows {
		p.direct = (n1 - n0) / nr
	}
	count := ceilDiv(n1-n0, nr) - p.direct
	p.packed = w.b.take(count * k * nr)
	for i := range count {
		col := (p.direct + i) * nr
		packPanel(p.packed[i*k*nr:(i+1)*k*nr], nr, p.b.from(0, col), j.transB, k, min(nr, n1-n0-col))
	}
	return p
}

// packPanel writes the k×cols matrix b as rows of nr elements. As a call of its
// own it is a point where the goroutine can be stopped.
//
//go:noinline
func packPanel(dst []float32, nr int, b view, trans bool, k, cols int) {
	switch {
	case trans:
		transposePanel(dst, nr, b, k, cols)
	case cols < nr:
		copyPanel(dst, nr, b, k, cols)
	case nr == 32:
		copyRows32(k, &b.data[0], b.rs, &dst[0])
	default:
		copyRows16(k, &b.data[0], b.rs, &dst[0])
	}
}

func copyPanel(dst []float32, nr int, b view, k, cols int) {
	for l := range k {
		row := dst[l*nr : (l+1)*nr]
		copy(row, b.data[l*b.rs:l*b.rs+cols])
		clear(row[cols:])
	}
}

// transposeDepth is the part of a panel that is finished before the next one is
// begun: its destination stays in the L1 cache.
const transposeDepth = 64

// transposePanel packs columns that are contiguous in memory.
func transposePanel(dst []float32, nr int, b view, k, cols int) {
	if cols < nr {
		clear(dst)
	}
	for l := 0; l < k; l += transposeDepth {
		transpose(view{dst[l*nr:], nr, 1}, b.from(l, 0), min(transposeDepth, k-l), cols)
	}
}
