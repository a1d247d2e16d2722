package gemm

import "gonum.org/v1/gonum/blas"

type implementation struct {
	name string
	blas blas.Float32
}
