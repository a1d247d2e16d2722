package rt

import "math"

// matvecChunkFixed computes dst = init + W·src for W as steps of 16 rows and a chunk
// of 32 columns. A word, as an integer, is the weight over the row's scale once it is
// rounded to float32, and its low 5 bits are the place: it multiplies
// src[base + place]. Tile i of four groups of rows has counts[8·i] fours of steps that
// share a base, one of each group; for its first two groups, in the order of the bytes
// of counts[8·i+7], which are 8 times their numbers, counts[8·i+1] quads that share a
// base, two of each, counts[8·i+2] twos, one of each, and counts[8·i+3] steps each with
// bases of their own; for the others the next three counts. The last tile may have
// fewer groups; len(scales) is 16 for each. Behind a tile come its patches: their
// number and 0, then for each 65,536 times the row in the tile and the column, and the
// weight. len(dst) and len(init) are at least that, len(src) at least 32 more than the largest
// base; init may be dst.
func matvecChunkFixed(dst, init, src []float32, words []uint32, scales []float32, bases []uint16, counts, patches []uint32) {
	for first := 0; first < len(scales); first += 64 {
		var sums [4][16]float32
		add := func(group int, base uint16) {
			x, sum := (*[32]float32)(src[base:]), &sums[group]
			for lane, word := range (*[16]uint32)(words) {
				sum[lane] += float32(float32(int32(word)) * x[word&31])
			}
			words = words[16:]
		}
		// units are of some steps of each group, with one base for all or one each.
		units := func(count uint32, from, to, each, own int) {
			for range count {
				for group := from; group < to; group++ {
					for range each {
						add(group, bases[(group-from)%own])
					}
				}
				bases = bases[own:]
			}
		}
		groups := min(4, (len(scales)-first)/16)
		units(counts[0], 0, 4, 1, 1)
		for from := 0; from < groups; from += 2 {
			to, pair := min(from+2, groups), counts[1+3*from/2:]
			units(pair[0], from, to, 2, 1)
			units(pair[1], from, to, 1, 1)
			units(pair[2], from, to, 1, to-from)
		}
		for group := range groups {
			row := first + 16*int(counts[7]>>(8*group)&255)/8
			y, b, s := (*[16]float32)(dst[row:]), (*[16]float32)(init[row:]), (*[16]float32)(scales[row:])
			for lane, sum := range sums[group] {
				y[lane] = float32(sum*s[lane]) + b[lane]
			}
		}
		counts = counts[8:]
		n := 2 * int(patches[0])
		for list := patches[2:][:n]; len(list) > 0; list = list[2:] {
			row := first + int(list[0]>>16)
			dst[row] += float32(math.Float32frombits(list[1]) * src[list[0]&0xffff])
		}
		patches = patches[2+n:]
	}
}
