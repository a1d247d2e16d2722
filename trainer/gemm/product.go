package gemm

// product holds the arguments of one call of Sgemm.
type product struct {
	transA, transB bool
	m, n, k        int
	alpha          float32
	a              []float32
	lda            int
	b              []float32
	ldb            int
	beta           float32
	c              []float32
	ldc            int
	transC         bool // C is stored as its transpose; only transposed sets it
}

// transposed returns the product Cᵀ = alpha·op(B)ᵀ·op(A)ᵀ + beta·Cᵀ, which has
// the same result.
func (p product) transposed() product {
	q := p
	q.transA, q.transB, q.transC = !p.transB, !p.transA, !p.transC
	q.m, q.n = p.n, p.m
	q.a, q.lda, q.b, q.ldb = p.b, p.ldb, p.a, p.lda
	return q
}

// valid reports whether the product has something to multiply and its matrices
// lie inside their slices.
func (p *product) valid() bool {
	if p.m <= 0 || p.n <= 0 || p.k <= 0 {
		return false
	}
	return holds(p.a, p.lda, p.m, p.k, p.transA) &&
		holds(p.b, p.ldb, p.k, p.n, p.transB) &&
		holds(p.c, p.ldc, p.m, p.n, false)
}

// holds reports whether a rows×cols matrix, or its transpose, fits in x.
func holds(x []float32, ld, rows, cols int, trans bool) bool {
	if trans {
		rows, cols = cols, rows
	}
	// Divided, since a product of absurd sizes would wrap around.
	return ld >= cols && len(x) >= cols && (len(x)-cols)/ld >= rows-1
}

// scale computes C = beta·C.
func (p *product) scale() {
	for i := range p.m {
		row := p.c[i*p.ldc : i*p.ldc+p.n]
		if p.beta == 0 {
			clear(row)
			continue
		}
		for j := range row {
			row[j] *= p.beta
		}
	}
}

// opA returns op(A) from its element (i, l) on.
func (p *product) opA(i, l int) view {
	return matrix(p.a, p.lda, p.transA).from(i, l)
}

// opB returns op(B) from its element (l, j) on.
func (p *product) opB(l, j int) view {
	return matrix(p.b, p.ldb, p.transB).from(l, j)
}

// result returns C from its element (i, j) on.
func (p *product) result(i, j int) view {
	return matrix(p.c, p.ldc, p.transC).from(i, j)
}

// view is a matrix in memory: element (i, j) is data[i*rs+j*cs].
type view struct {
	data   []float32
	rs, cs int
}

func matrix(data []float32, ld int, trans bool) view {
	if trans {
		return view{data, 1, ld}
	}
	return view{data, ld, 1}
}

func (v view) from(i, j int) view {
	return view{v.data[i*v.rs+j*v.cs:], v.rs, v.cs}
}
