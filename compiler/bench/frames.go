package bench

import "math/rand/v2"

// defaultFrames is how many different frames a subject steps through, again and
// again, unless [Options] say otherwise.
const defaultFrames = 64

// vectors are so many frames of a vector input, drawn from the normal distribution.
func vectors(frames, port, size int) []float32 {
	r := rand.New(rand.NewPCG(1, uint64(port)))
	x := make([]float32, frames*size)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}
