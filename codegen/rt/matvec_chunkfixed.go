package rt

// matvecChunkFixed computes dst = init + W·src for W as steps of 16 rows and a chunk
// of 32 columns. A word, as an integer, is the weight over the row's scale once it is
// rounded to float32, and its low 5 bits are the place: it multiplies
// src[base + place]. Groups 2·i and 2·i+1 have counts[3·i] quads of steps, two of
// the first and two of the second, that share a base, then counts[3·i+1] twos of a
// step each, then counts[3·i+2] twos with a base each; the last group of an odd
// number has only counts[3·i+2] steps with a base each. len(dst) and len(init) are at
// least len(scales), a multiple of 16, len(src) at least 32 more than the largest
// base; init may be dst.
func matvecChunkFixed(dst, init, src []float32, words []uint32, scales []float32, bases []uint16, counts []uint32) {
	for first := 0; first < len(scales); first += 32 {
		var sums [2][16]float32
		add := func(group, base int) {
			x, sum := (*[32]float32)(src[base:]), &sums[group]
			for lane, word := range (*[16]uint32)(words) {
				sum[lane] += float32(float32(int32(word)) * x[word&31])
			}
			words = words[16:]
		}
		groups := min(2, (len(scales)-first)/16)
		for range counts[0] {
			for i := range 4 {
				add(i/2, int(bases[0]))
			}
			bases = bases[1:]
		}
		for range counts[1] {
			add(0, int(bases[0]))
			add(1, int(bases[0]))
			bases = bases[1:]
		}
		for range counts[2] {
			for group := range groups {
				add(group, int(bases[group]))
			}
			bases = bases[groups:]
		}
		counts = counts[3:]
		for group := range groups {
			row := first + 16*group
			y, b, s := (*[16]float32)(dst[row:]), (*[16]float32)(init[row:]), (*[16]float32)(scales[row:])
			for lane, sum := range sums[group] {
				y[lane] = float32(sum*s[lane]) + b[lane]
			}
		}
	}
}
