// Package gemm is the trainer's matrix products: gonum's BLAS with an Sgemm in
// AVX2 or AVX-512 assembly, and [Sparse] for matrices with few weights left.
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
// are or transposed, one worker / two workers on two cores, the best of a few
// short runs at a load average of 0.2 to 0.6. The figures for two workers were
// taken with kcBlock at 384 instead of 512:
//
//	m×n×k             AVX-512      AVX2
//	512×512×512   NN  102 / 197    100 / 182
//	512×512×512   NT  105 / 191    103 / 192
//	32×768×256    NN  109 / 210     93 / 178
//	2048×64×768   NN  110 / 213    103 / 174
//
//	go test ./trainer/gemm -run '^$' -bench Sgemm
//
// Two workers gain nothing, and lose on small products, while other processes
// keep both cores busy: the product waits for its last tile. TestFasterThanGonum
// compares with gonum in one run; at load averages of 3 to 6 it found 7.4 to
// 14.7 times gonum's speed.
//
// # Sparse products
//
// A [Sparse] matrix is in compressed rows. The vectors it multiplies are turned into
// panels of 32 columns, so that a weight is one broadcast that four AVX2 vectors of
// fused multiply-adds use: no element of the panel is gathered. With W [768 256] and
// 32 vectors, the step of a GRU of 256 units, BenchmarkSparse found it 2.4 times as
// fast as Sgemm with a fifth of the weights, and about 3 and 4.5 times with a tenth
// and a twentieth, on a busy machine, in one run. The gradient of the weights that are
// left goes through the same panels: a row of D stays in registers for the weights of
// a row.
//
//go:generate go run ../../asm/sgemm -out .
package gemm
