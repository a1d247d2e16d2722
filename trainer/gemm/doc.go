// Package gemm is the trainer's dense matrix product: gonum's BLAS with an
// Sgemm in AVX2 or AVX-512 assembly.
//
// # Algorithm
//
// Blocks for the caches around a micro-kernel that keeps a tile of C in
// registers, after K. Goto and R. van de Geijn, "Anatomy of High-Performance
// Matrix Multiplication" (ACM TOMS 34, 2008) and F. Van Zee and R. van de Geijn,
// "BLIS" (ACM TOMS 41, 2015). The tile is 6×16 with AVX2 and 12×32 with AVX-512;
// every smaller number of rows has a body of its own. The micro-kernel takes A
// at any strides, so that A is copied without reordering or not at all; B is
// packed in panels unless few rows of C would use them.
//
// # Determinism
//
// K is cut by its length alone and never between goroutines, and every element
// is one chain of fused multiply-adds for each part of K. The bits of a result
// therefore depend neither on the number of workers nor on whether AVX2 or
// AVX-512 computes it. Where there is no assembly gonum multiplies, which
// rounds differently.
//
// # Speed
//
// GFLOP/s on a Zen 4 at 3.69 GHz (peak 118 a core), N or T for A and B as they
// are or transposed, one worker / two workers on two cores, measured on an
// otherwise idle machine:
//
//	m×n×k             AVX-512      AVX2
//	512×512×512   NN  102 / 197    100 / 182
//	512×512×512   NT  105 / 191    103 / 192
//	32×768×256    NN  109 / 210     93 / 178
//	2048×64×768   NN  110 / 213    103 / 174
//
//	go test ./trainer/gemm -run '^$' -bench Sgemm
//
// gonum's own Sgemm, measured on a busy machine, reached 20 at best; the ratio
// in one run is what TestFasterThanGonum measures: 9 to 15 there.
//
//go:generate go run ../../asm/sgemm -out .
package gemm
