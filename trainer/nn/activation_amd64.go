//go:build amd64 && !purego

package nn

import "golang.org/x/sys/cpu"

// hasVector reports whether this machine can run the assembly.
var hasVector = cpu.X86.HasAVX2 && cpu.X86.HasFMA

// tanhFloat32 replaces every x by tanh(x): within 2.6 units in the last place by
// assembly, within 6 without.
func tanhFloat32(x []float32) {
	if !hasVector {
		tanhPortable(x)
		return
	}
	x = inChunks(x, tanhAVX2)
	if len(x) > 0 {
		var group [vectorLanes]float32
		copy(group[:], x)
		tanhAVX2(&group[0], &group[0], len(group))
		copy(x, group[:])
	}
}

// sigmoidFloat32 replaces every x by 1/(1+exp(−x)): within 2.5 units in the last
// place by assembly, with an absolute error below 2e-7 without.
func sigmoidFloat32(x []float32) {
	if !hasVector {
		sigmoidPortable(x)
		return
	}
	x = inChunks(x, sigmoidAVX2)
	if len(x) > 0 {
		var group [vectorLanes]float32
		copy(group[:], x)
		sigmoidAVX2(&group[0], &group[0], len(group))
		copy(x, group[:])
	}
}

// softmaxFloat32 is softmaxAll. By assembly the sum is the reciprocal of the
// largest y, with a relative error below 1e-6.
func softmaxFloat32(y, x []float32, best int, row []float32) (sum float64) {
	if !hasVector {
		return softmaxPortable(y, x, best)
	}
	copy(row, x)
	softmaxAVX2(&row[0], &row[0], len(x))
	copy(y, row)
	return 1 / float64(y[best])
}

// softmaxRoom is the length of a buffer for a softmax of n elements.
func softmaxRoom(n int) int { return (n + vectorLanes - 1) &^ (vectorLanes - 1) }

const (
	vectorLanes = 8 // of which the assembly handles whole groups

	// chunkLength bounds a call, during which the goroutine cannot be stopped, to
	// some tens of microseconds.
	chunkLength = 1 << 15
)

// inChunks applies the assembly to all whole groups and returns the elements
// behind them.
func inChunks(x []float32, f func(dst, src *float32, n int)) (rest []float32) {
	for len(x) >= vectorLanes {
		n := min(len(x)&^(vectorLanes-1), chunkLength)
		f(&x[0], &x[0], n)
		x = x[n:]
	}
	return x
}
