package rt

import "math"

// matvecChunk computes dst = init + W·src for W as steps of 16 rows and a chunk
// of 32 columns. Before every sixth step of a group of rows, words have 16 words of
// places: of the six steps from there on, 5 bits each, the first step's lowest. The
// 16 words of a step are weights, which multiply src[base + place]. Group i has
// counts[2·i] pairs of steps that share a base, then counts[2·i+1] pairs with a
// base each. len(dst) and len(init) are at least 8·len(counts), len(src) at least
// 32 more than the largest base; init may be dst.
func matvecChunk(dst, init, src []float32, words []uint32, bases []uint16, counts []uint32) {
	for i := 0; i < len(counts); i += 2 {
		pairs, others := int(counts[i]), int(counts[i+1])
		var sum [16]float32
		var places [16]uint32
		for step := range 2 * (pairs + others) {
			if step%6 == 0 {
				places, words = [16]uint32(words), words[16:]
			}
			x := (*[32]float32)(src[chunkBase(bases, step, pairs):])
			for lane, word := range (*[16]uint32)(words) {
				sum[lane] += float32(math.Float32frombits(word) * x[places[lane]&31])
				places[lane] >>= 5
			}
			words = words[16:]
		}
		bases = bases[pairs+2*others:]
		y, b := (*[16]float32)(dst[8*i:]), (*[16]float32)(init[8*i:])
		for lane, s := range sum {
			y[lane] = s + b[lane]
		}
	}
}

// chunkBase is the base of a step of a group whose first pairs of steps share
// one.
func chunkBase(bases []uint16, step, pairs int) int {
	if step < 2*pairs {
		return int(bases[step/2])
	}
	return int(bases[step-pairs])
}
