//go:build amd64 && !purego

package gemm

// Cache blocking: a block of A, mcBlock×kcBlock, stays in the L2 cache while
// the panels of B, kcBlock×nr each, pass through L1.
const (
	kcBlock = 512
	mcBlock = 144 // a multiple of every mr
	ncBlock = 1024
)

// block computes one region of C.
func (j *job) block(w *workspace, r region) {
	depth := evenDepth(j.k)
	nc := ncBlock
	if r.m1-r.m0 <= mcBlock {
		nc = j.kernel.nr // one pass over A: each panel of B is used up right after it is packed
	}
	for n0 := r.n0; n0 < r.n1; n0 += nc {
		n1 := min(n0+nc, r.n1)
		beta := j.beta
		for l := 0; l < j.k; l += depth {
			k := min(depth, j.k-l)
			b := w.packB(j, l, k, n0, n1, r.m1-r.m0)
			for m0 := r.m0; m0 < r.m1; m0 += mcBlock {
				m1 := min(m0+mcBlock, r.m1)
				a := w.packA(j, m0, m1, l, k, n1-n0)
				j.sweep(w, a, b, region{m0, m1, n0, n1}, beta)
			}
			beta = 1 // the first pass has scaled C, the others add to it
		}
	}
}

// evenDepth cuts k into equal parts of at most kcBlock, multiples of 4 for the
// unrolled loop. It depends on k alone: the cut is part of the order of summation.
func evenDepth(k int) int {
	parts := ceilDiv(k, kcBlock)
	return ceilDiv(ceilDiv(k, parts), 4) * 4
}

// sweep runs the micro-kernel over the tiles of a region. The tiles of one
// panel of B follow each other.
func (j *job) sweep(w *workspace, a view, b panels, r region, beta float32) {
	mr, nr := j.kernel.mr, j.kernel.nr
	for n0 := r.n0; n0 < r.n1; n0 += nr {
		cols := min(nr, r.n1-n0)
		panel, rsb := b.panel((n0 - r.n0) / nr)
		for m0 := r.m0; m0 < r.m1; m0 += mr {
			t := tile{
				rows: min(mr, r.m1-m0), cols: cols, k: b.k,
				a: a.from(m0-r.m0, 0), b: panel, rsb: rsb,
				alpha: j.alpha, beta: beta,
				c: j.result(m0, n0),
			}
			t.multiply(j.kernel, w)
		}
	}
}
