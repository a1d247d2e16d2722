// Package sparse is the one definition of what a sparsity pattern is, used by
// pruning, packing and kernels alike: a [Matrix] with zeros, its [Mask], the
// [Pattern] a mask has (element-wise, R×C blocks, lane-balanced R×C), its
// [Stats], and the packed forms that kernels read ([Dense], [Block], [Window]).
package sparse
