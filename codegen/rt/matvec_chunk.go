package rt

import "math"

// matvecChunk computes dst = init + W·src for W as steps of 16 rows and a chunk
// of 32 columns, whose words keep the lane index in the low 5 mantissa bits: the
// word itself is the weight, and it multiplies src[base + word&31]. Group i of 16
// rows has counts[2·i] pairs of steps that share a base, then counts[2·i+1]
// pairs with a base each. len(dst) and len(init) are at least 8·len(counts),
// len(src) at least 32 more than the largest base; init may be dst.
func matvecChunk(dst, init, src []float32, words []uint32, bases []uint16, counts []uint32) {
	for i := 0; i < len(counts); i += 2 {
		pairs, others := int(counts[i]), int(counts[i+1])
		var sum [16]float32
		for step := range 2 * (pairs + others) {
			x := (*[32]float32)(src[chunkBase(bases, step, pairs):])
			for lane, word := range (*[16]uint32)(words[16*step:]) {
				sum[lane] += float32(math.Float32frombits(word) * x[word&31])
			}
		}
		words, bases = words[32*(pairs+others):], bases[pairs+2*others:]
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

// chunkWeight is the weight in a word that keeps the lane index below the
// exponent, up to the scale: an arithmetic shift, and a mask for the exponent
// bits that are constant.
func chunkWeight(word uint32) float32 {
	return math.Float32frombits(uint32(int32(word)>>5) & 0x83ff_ffff)
}

// matvecChunkExact is like matvecChunk for words that keep the lane index below
// the weight, whose exponent gave up its top 5 bits: decoded weights are
// multiplied by the float32 of bits scale, a power of two, which is exact.
func matvecChunkExact(dst, init, src []float32, words []uint32, bases []uint16, counts []uint32, scale uint32) {
	by := math.Float32frombits(scale)
	for i := 0; i < len(counts); i += 2 {
		pairs, others := int(counts[i]), int(counts[i+1])
		var sum [16]float32
		for step := range 2 * (pairs + others) {
			x := (*[32]float32)(src[chunkBase(bases, step, pairs):])
			for lane, word := range (*[16]uint32)(words[16*step:]) {
				sum[lane] += float32(float32(chunkWeight(word)*by) * x[word&31])
			}
		}
		words, bases = words[32*(pairs+others):], bases[pairs+2*others:]
		y, b := (*[16]float32)(dst[8*i:]), (*[16]float32)(init[8*i:])
		for lane, s := range sum {
			y[lane] = s + b[lane]
		}
	}
}
