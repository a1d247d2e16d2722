// Package gemm is the trainer's dense matrix product: gonum's BLAS with an
// Sgemm in AVX2 or AVX-512 assembly.
//
//go:generate go run ../../asm/sgemm -out .
package gemm
