package gemm

// implementation is one of those that the tests run over.
type implementation struct {
	name string
	blas *Implementation
}
