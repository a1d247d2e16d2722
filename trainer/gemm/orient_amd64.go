//go:build amd64 && !purego

package gemm

// transposedDepth is the k from which on a tile takes so long that transposing
// it is worth while.
const transposedDepth = 256

// orient returns the product, or its transpose where that saves packing a large
// B for a few rows of C: a layer's forward pass, X·Wᵀ with a row of W for each
// output, is such a product. Transposed, W is the A that the micro-kernel reads
// in place and X is what gets packed; in return each tile of C is transposed on
// its way out. Both orders of multiplying give the same bits.
func orient(p product, u microKernel) (product, microKernel) {
	if u.isa != avx512 || !p.transB || p.m > directRows || p.n < 4*u.nr || p.k < transposedDepth {
		return p, u
	}
	if vectors := ceilDiv(p.m, u.lanes); 8*vectors*u.lanes > 9*p.m {
		return p, u // too many lanes would be empty
	}
	u.mr = 8 // what transposeRows8 takes; AVX2 has no tile with as many rows
	return p.transposed(), u
}
