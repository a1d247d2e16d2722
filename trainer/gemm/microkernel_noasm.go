//go:build !amd64 || purego

package gemm

// newMultiplier has nothing to offer: Sgemm is gonum's.
func newMultiplier(int) multiplier { return nil }
