package rt

import "math"

// matvecDense computes dst = init + W·src for a dense W of len(dst) rows, a
// multiple of 8, and cols columns. Rows lie in panels of 32 (the last one may
// have 8, 16 or 24), column by column inside a panel. len(init) is at least
// len(dst), len(src) at least cols; init may be dst.
func matvecDense(dst, init, src, weights []float32, cols int) {
	const panel = 32
	src = src[:cols]
	for row := 0; row < len(dst); row += 8 {
		first := row / panel * panel
		height := min(panel, len(dst)-first)
		at := first*cols + row - first
		var a0, a1, a2, a3, a4, a5, a6, a7 float32
		for c, x := range src {
			v := (*[8]float32)(weights[at+c*height:])
			a0 += float32(v[0] * x)
			a1 += float32(v[1] * x)
			a2 += float32(v[2] * x)
			a3 += float32(v[3] * x)
			a4 += float32(v[4] * x)
			a5 += float32(v[5] * x)
			a6 += float32(v[6] * x)
			a7 += float32(v[7] * x)
		}
		y, b := (*[8]float32)(dst[row:]), (*[8]float32)(init[row:])
		y[0], y[1], y[2], y[3] = a0+b[0], a1+b[1], a2+b[2], a3+b[3]
		y[4], y[5], y[6], y[7] = a4+b[4], a5+b[5], a6+b[6], a7+b[7]
	}
}

// matvecBlock computes dst = init + W·src for W in blocks of height×1, height
// 4, 8 or 16. Block row i has 4·counts[i] blocks; each has a column and, in
// weights, height values. len(dst) and len(init) are at least
// height·len(counts), len(src) more than the largest column; init may be dst.
func matvecBlock(dst, init, src, weights []float32, columns []uint16, counts []uint32, height int) {
	first := 0
	for i, quads := range counts {
		n := 4 * int(quads)
		cols := columns[first:][:n]
		for lane := 0; lane < height; lane += 4 {
			var a0, a1, a2, a3 float32
			at := first*height + lane
			for _, c := range cols {
				v, x := (*[4]float32)(weights[at:]), src[c]
				a0 += float32(v[0] * x)
				a1 += float32(v[1] * x)
				a2 += float32(v[2] * x)
				a3 += float32(v[3] * x)
				at += height
			}
			row := i*height + lane
			y, b := (*[4]float32)(dst[row:]), (*[4]float32)(init[row:])
			y[0], y[1], y[2], y[3] = a0+b[0], a1+b[1], a2+b[2], a3+b[3]
		}
		first += n
	}
}

// matvecBlock8x4 computes dst = init + W·src for W in blocks of 8×4. Block row i
// has counts[i] blocks; each has a first column and 32 weights, column by column.
// len(dst) and len(init) are at least 8·len(counts), len(src) at least 4 more than
// the largest column; init may be dst.
func matvecBlock8x4(dst, init, src, weights []float32, columns []uint16, counts []uint32) {
	for i, n := range counts {
		var a [8]float32
		for _, c := range columns[:n] {
			for _, x := range (*[4]float32)(src[c:]) {
				for lane, v := range (*[8]float32)(weights) {
					a[lane] += float32(v * x)
				}
				weights = weights[8:]
			}
		}
		columns = columns[n:]
		y, b := (*[8]float32)(dst[8*i:]), (*[8]float32)(init[8*i:])
		for lane := range y {
			y[lane] = a[lane] + b[lane]
		}
	}
}

// matvecWindow computes dst = init + W·src for W as a stream of window steps
// whose words keep the lane index in the low 3 mantissa bits. Group i of 8 rows
// has 4·counts[i] steps; a step has a base column and 8 words, one a row: the
// word itself is the weight, and it multiplies src[base + word&7]. len(dst) and
// len(init) are at least 8·len(counts), len(src) at least 8 more than the
// largest base; init may be dst.
func matvecWindow(dst, init, src []float32, words []uint32, bases []uint16, counts []uint32) {
	first := 0
	for i, quads := range counts {
		n := 4 * int(quads)
		w := words[8*first:][:8*n]
		var a0, a1, a2, a3, a4, a5, a6, a7 float32
		for _, base := range bases[first:][:n] {
			v, x := (*[8]uint32)(w), (*[8]float32)(src[base:])
			w = w[8:]
			a0 += float32(math.Float32frombits(v[0]) * x[v[0]&7])
			a1 += float32(math.Float32frombits(v[1]) * x[v[1]&7])
			a2 += float32(math.Float32frombits(v[2]) * x[v[2]&7])
			a3 += float32(math.Float32frombits(v[3]) * x[v[3]&7])
			a4 += float32(math.Float32frombits(v[4]) * x[v[4]&7])
			a5 += float32(math.Float32frombits(v[5]) * x[v[5]&7])
			a6 += float32(math.Float32frombits(v[6]) * x[v[6]&7])
			a7 += float32(math.Float32frombits(v[7]) * x[v[7]&7])
		}
		y, b := (*[8]float32)(dst[8*i:]), (*[8]float32)(init[8*i:])
		y[0], y[1], y[2], y[3] = a0+b[0], a1+b[1], a2+b[2], a3+b[3]
		y[4], y[5], y[6], y[7] = a4+b[4], a5+b[5], a6+b[6], a7+b[7]
		first += n
	}
}

// windowWeight is the weight in a word that keeps the lane index below the
// exponent: an arithmetic shift, and a mask for the exponent bits that are
// constant.
func windowWeight(word uint32) float32 {
	return math.Float32frombits(uint32(int32(word)>>3) & 0x8fff_ffff)
}

// shiftedGroup is W·src, before scaling, for the 8 rows of a group whose words
// keep the lane index below the weight.
func shiftedGroup(src []float32, words []uint32, bases []uint16) [8]float32 {
	var a0, a1, a2, a3, a4, a5, a6, a7 float32
	for _, base := range bases {
		v, x := (*[8]uint32)(words), (*[8]float32)(src[base:])
		words = words[8:]
		a0 += float32(windowWeight(v[0]) * x[v[0]&7])
		a1 += float32(windowWeight(v[1]) * x[v[1]&7])
		a2 += float32(windowWeight(v[2]) * x[v[2]&7])
		a3 += float32(windowWeight(v[3]) * x[v[3]&7])
		a4 += float32(windowWeight(v[4]) * x[v[4]&7])
		a5 += float32(windowWeight(v[5]) * x[v[5]&7])
		a6 += float32(windowWeight(v[6]) * x[v[6]&7])
		a7 += float32(windowWeight(v[7]) * x[v[7]&7])
	}
	return [8]float32{a0, a1, a2, a3, a4, a5, a6, a7}
}

// matvecWindowExact is like matvecWindow for words that keep the lane index
// below the weight, whose exponent gave up its top 3 bits: sums of decoded
// weights are multiplied by the float32 of bits scale, a power of two.
func matvecWindowExact(dst, init, src []float32, words []uint32, bases []uint16, counts []uint32, scale uint32) {
	s := math.Float32frombits(scale)
	first := 0
	for i, quads := range counts {
		n := 4 * int(quads)
		a := shiftedGroup(src, words[8*first:][:8*n], bases[first:][:n])
		y, b := (*[8]float32)(dst[8*i:]), (*[8]float32)(init[8*i:])
		for lane := range y {
			y[lane] = float32(a[lane]*s) + b[lane]
		}
		first += n
	}
}

// fixedGroup is like shiftedGroup for words that are integers: the lane index
// in their low bits is lost where they are rounded to float32.
func fixedGroup(src []float32, words []uint32, bases []uint16) [8]float32 {
	var a0, a1, a2, a3, a4, a5, a6, a7 float32
	for _, base := range bases {
		v, x := (*[8]uint32)(words), (*[8]float32)(src[base:])
		words = words[8:]
		a0 += float32(float32(int32(v[0])) * x[v[0]&7])
		a1 += float32(float32(int32(v[1])) * x[v[1]&7])
		a2 += float32(float32(int32(v[2])) * x[v[2]&7])
		a3 += float32(float32(int32(v[3])) * x[v[3]&7])
		a4 += float32(float32(int32(v[4])) * x[v[4]&7])
		a5 += float32(float32(int32(v[5])) * x[v[5]&7])
		a6 += float32(float32(int32(v[6])) * x[v[6]&7])
		a7 += float32(float32(int32(v[7])) * x[v[7]&7])
	}
	return [8]float32{a0, a1, a2, a3, a4, a5, a6, a7}
}

// matvecWindowFixed is like matvecWindow for words that are integers, multiples
// of the row's scale, a power of two. Group i has counts[i] steps; where that is odd,
// one less, and it keeps lane indices below the weights instead. len(scales)
// is 8·len(counts).
func matvecWindowFixed(dst, init, src []float32, words []uint32, scales []float32, bases []uint16, counts []uint32) {
	first := 0
	for i, count := range counts {
		n := int(count &^ 1)
		w, at := words[8*first:][:8*n], bases[first:][:n]
		var a [8]float32
		if count&1 == 0 {
			a = fixedGroup(src, w, at)
		} else {
			a = shiftedGroup(src, w, at)
		}
		y, b, s := (*[8]float32)(dst[8*i:]), (*[8]float32)(init[8*i:]), (*[8]float32)(scales[8*i:])
		for lane := range y {
			y[lane] = float32(a[lane]*s[lane]) + b[lane]
		}
		first += n
	}
}

// matvecStraight computes dst = init + W·src for W in tiles of 64 rows, the last
// one of fewer, whose groups of 8 rows take turns. Tile i has counts[i] steps; a
// step has 8 weights in words, those of float32, and in turns 8 times its base
// column plus the number of its group in the tile. Before every eighth step of a
// tile 8 words have the lane indices of eight steps, three bits each. len(init) is
// at least len(dst), len(src) at least 8 more than the largest base; init may be
// dst.
func matvecStraight(dst, init, src []float32, words, turns, counts []uint32) {
	for i, n := range counts {
		var a [8][8]float32
		for left := turns[:n]; len(left) > 0; {
			p, eight := (*[8]uint32)(words), left[:min(8, len(left))]
			words, left = words[8:], left[len(eight):]
			shift := 0
			for _, t := range eight {
				v, x, sum := (*[8]uint32)(words), (*[8]float32)(src[t>>3:]), &a[t&7]
				words = words[8:]
				sum[0] += float32(math.Float32frombits(v[0]) * x[p[0]>>(shift&31)&7])
				sum[1] += float32(math.Float32frombits(v[1]) * x[p[1]>>(shift&31)&7])
				sum[2] += float32(math.Float32frombits(v[2]) * x[p[2]>>(shift&31)&7])
				sum[3] += float32(math.Float32frombits(v[3]) * x[p[3]>>(shift&31)&7])
				sum[4] += float32(math.Float32frombits(v[4]) * x[p[4]>>(shift&31)&7])
				sum[5] += float32(math.Float32frombits(v[5]) * x[p[5]>>(shift&31)&7])
				sum[6] += float32(math.Float32frombits(v[6]) * x[p[6]>>(shift&31)&7])
				sum[7] += float32(math.Float32frombits(v[7]) * x[p[7]>>(shift&31)&7])
				shift += 3
			}
		}
		turns = turns[n:]
		for r := 64 * i; r < min(64*(i+1), len(dst)); r++ {
			dst[r] = a[r/8%8][r%8] + init[r]
		}
	}
}

// wideWeight is the weight in a word that has the top bit of the lane index
// before it and the others behind.
func wideWeight(word uint32) float32 {
	return math.Float32frombits(uint32(int32(word<<1)>>4) & 0x87ff_ffff)
}

// widePlace is the lane index in such a word.
func widePlace(word uint32) uint32 { return word>>31<<3 | word&7 }

// matvecWindowWide is like matvecWindowExact for windows of 16 columns: len(src)
// is at least 16 more than the largest base.
func matvecWindowWide(dst, init, src []float32, words []uint32, bases []uint16, counts []uint32, scale uint32) {
	s := math.Float32frombits(scale)
	first := 0
	for i, quads := range counts {
		n := 4 * int(quads)
		w := words[8*first:][:8*n]
		var a0, a1, a2, a3, a4, a5, a6, a7 float32
		for _, base := range bases[first:][:n] {
			v, x := (*[8]uint32)(w), (*[16]float32)(src[base:])
			w = w[8:]
			a0 += float32(wideWeight(v[0]) * x[widePlace(v[0])])
			a1 += float32(wideWeight(v[1]) * x[widePlace(v[1])])
			a2 += float32(wideWeight(v[2]) * x[widePlace(v[2])])
			a3 += float32(wideWeight(v[3]) * x[widePlace(v[3])])
			a4 += float32(wideWeight(v[4]) * x[widePlace(v[4])])
			a5 += float32(wideWeight(v[5]) * x[widePlace(v[5])])
			a6 += float32(wideWeight(v[6]) * x[widePlace(v[6])])
			a7 += float32(wideWeight(v[7]) * x[widePlace(v[7])])
		}
		y, b := (*[8]float32)(dst[8*i:]), (*[8]float32)(init[8*i:])
		y[0], y[1] = float32(a0*s)+b[0], float32(a1*s)+b[1]
		y[2], y[3] = float32(a2*s)+b[2], float32(a3*s)+b[3]
		y[4], y[5] = float32(a4*s)+b[4], float32(a5*s)+b[5]
		y[6], y[7] = float32(a6*s)+b[6], float32(a7*s)+b[7]
		first += n
	}
}
