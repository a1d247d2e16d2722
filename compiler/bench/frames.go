package bench

import "math/rand/v2"

// frames is how many different frames a subject steps through, again and again.
const frames = 64

// vectors are the frames of a vector input, drawn from the normal distribution.
func vectors(port, size int) []float32 {
	r := rand.New(rand.NewPCG(1, uint64(port)))
	x := make([]float32, frames*size)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}
