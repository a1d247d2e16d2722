package rt

import "math"

// half is the number that the bits of a finite half-precision number stand for.
func half(b uint16) float32 {
	// Its exponent and fraction, read as those of a float32, are 2^-112 times it.
	return math.Float32frombits(uint32(int32(int16(b)))<<13&0x8fff_e000) * 0x1p112
}

// matvecDenseFixed is like matvecDense for integers; the sum of a row is
// multiplied by its scale. len(scales) is at least len(dst).
func matvecDenseFixed[T int8 | int16](dst, init, src []float32, weights []T, scales []float32, cols int) {
	const panel = 32
	src = src[:cols]
	for row := 0; row < len(dst); row += 8 {
		first := row / panel * panel
		height := min(panel, len(dst)-first)
		at := first*cols + row - first
		var a0, a1, a2, a3, a4, a5, a6, a7 float32
		for c, x := range src {
			v := (*[8]T)(weights[at+c*height:])
			a0 += float32(float32(v[0]) * x)
			a1 += float32(float32(v[1]) * x)
			a2 += float32(float32(v[2]) * x)
			a3 += float32(float32(v[3]) * x)
			a4 += float32(float32(v[4]) * x)
			a5 += float32(float32(v[5]) * x)
			a6 += float32(float32(v[6]) * x)
			a7 += float32(float32(v[7]) * x)
		}
		y, b, s := (*[8]float32)(dst[row:]), (*[8]float32)(init[row:]), (*[8]float32)(scales[row:])
		y[0], y[1] = float32(a0*s[0])+b[0], float32(a1*s[1])+b[1]
		y[2], y[3] = float32(a2*s[2])+b[2], float32(a3*s[3])+b[3]
		y[4], y[5] = float32(a4*s[4])+b[4], float32(a5*s[5])+b[5]
		y[6], y[7] = float32(a6*s[6])+b[6], float32(a7*s[7])+b[7]
	}
}

// matvecDenseHalf is like matvecDenseFixed for half-precision weights.
func matvecDenseHalf(dst, init, src []float32, weights []uint16, scales []float32, cols int) {
	const panel = 32
	src = src[:cols]
	for row := 0; row < len(dst); row += 8 {
		first := row / panel * panel
		height := min(panel, len(dst)-first)
		at := first*cols + row - first
		var a0, a1, a2, a3, a4, a5, a6, a7 float32
		for c, x := range src {
			v := (*[8]uint16)(weights[at+c*height:])
			a0 += float32(half(v[0]) * x)
			a1 += float32(half(v[1]) * x)
			a2 += float32(half(v[2]) * x)
			a3 += float32(half(v[3]) * x)
			a4 += float32(half(v[4]) * x)
			a5 += float32(half(v[5]) * x)
			a6 += float32(half(v[6]) * x)
			a7 += float32(half(v[7]) * x)
		}
		y, b, s := (*[8]float32)(dst[row:]), (*[8]float32)(init[row:]), (*[8]float32)(scales[row:])
		y[0], y[1] = float32(a0*s[0])+b[0], float32(a1*s[1])+b[1]
		y[2], y[3] = float32(a2*s[2])+b[2], float32(a3*s[3])+b[3]
		y[4], y[5] = float32(a4*s[4])+b[4], float32(a5*s[5])+b[5]
		y[6], y[7] = float32(a6*s[6])+b[6], float32(a7*s[7])+b[7]
	}
}

// matvecBlockFixed is like matvecBlock for integers; the sum of a row is
// multiplied by its scale. len(scales) is at least height·len(counts).
func matvecBlockFixed[T int8 | int16](dst, init, src []float32, weights []T, columns []uint16, counts []uint32, scales []float32, height int) {
	first := 0
	for i, quads := range counts {
		n := 4 * int(quads)
		cols := columns[first:][:n]
		for lane := 0; lane < height; lane += 4 {
			var a0, a1, a2, a3 float32
			at := first*height + lane
			for _, c := range cols {
				v, x := (*[4]T)(weights[at:]), src[c]
				a0 += float32(float32(v[0]) * x)
				a1 += float32(float32(v[1]) * x)
				a2 += float32(float32(v[2]) * x)
				a3 += float32(float32(v[3]) * x)
				at += height
			}
			row := i*height + lane
			y, b, s := (*[4]float32)(dst[row:]), (*[4]float32)(init[row:]), (*[4]float32)(scales[row:])
			y[0], y[1] = float32(a0*s[0])+b[0], float32(a1*s[1])+b[1]
			y[2], y[3] = float32(a2*s[2])+b[2], float32(a3*s[3])+b[3]
		}
		first += n
	}
}

// matvecBlockHalf is like matvecBlockFixed for half-precision weights.
func matvecBlockHalf(dst, init, src []float32, weights []uint16, columns []uint16, counts []uint32, scales []float32, height int) {
	first := 0
	for i, quads := range counts {
		n := 4 * int(quads)
		cols := columns[first:][:n]
		for lane := 0; lane < height; lane += 4 {
			var a0, a1, a2, a3 float32
			at := first*height + lane
			for _, c := range cols {
				v, x := (*[4]uint16)(weights[at:]), src[c]
				a0 += float32(half(v[0]) * x)
				a1 += float32(half(v[1]) * x)
				a2 += float32(half(v[2]) * x)
				a3 += float32(half(v[3]) * x)
				at += height
			}
			row := i*height + lane
			y, b, s := (*[4]float32)(dst[row:]), (*[4]float32)(init[row:]), (*[4]float32)(scales[row:])
			y[0], y[1] = float32(a0*s[0])+b[0], float32(a1*s[1])+b[1]
			y[2], y[3] = float32(a2*s[2])+b[2], float32(a3*s[3])+b[3]
		}
		first += n
	}
}

// matvecWindowFixed16 is like matvecWindow for weights of 16 bits, two steps a
// word: the low halves are those of the first. Such a weight, read as an integer,
// counts as a whole, and multiplies the element of src that its low 3 bits say;
// the sum of a row is multiplied by its scale. len(scales) is at least
// 8·len(counts).
func matvecWindowFixed16(dst, init, src []float32, words []uint32, bases []uint16, counts []uint32, scales []float32) {
	first := 0
	for i, quads := range counts {
		n := 4 * int(quads)
		w := words[4*first:][:4*n]
		var a0, a1, a2, a3, a4, a5, a6, a7 float32
		for places := bases[first:][:n]; len(places) > 0; places = places[2:] {
			v := (*[8]uint32)(w)
			x, z := (*[8]float32)(src[places[0]:]), (*[8]float32)(src[places[1]:])
			w = w[8:]
			a0 += float32(float32(int16(v[0]))*x[v[0]&7]) + float32(float32(int32(v[0])>>16)*z[v[0]>>16&7])
			a1 += float32(float32(int16(v[1]))*x[v[1]&7]) + float32(float32(int32(v[1])>>16)*z[v[1]>>16&7])
			a2 += float32(float32(int16(v[2]))*x[v[2]&7]) + float32(float32(int32(v[2])>>16)*z[v[2]>>16&7])
			a3 += float32(float32(int16(v[3]))*x[v[3]&7]) + float32(float32(int32(v[3])>>16)*z[v[3]>>16&7])
			a4 += float32(float32(int16(v[4]))*x[v[4]&7]) + float32(float32(int32(v[4])>>16)*z[v[4]>>16&7])
			a5 += float32(float32(int16(v[5]))*x[v[5]&7]) + float32(float32(int32(v[5])>>16)*z[v[5]>>16&7])
			a6 += float32(float32(int16(v[6]))*x[v[6]&7]) + float32(float32(int32(v[6])>>16)*z[v[6]>>16&7])
			a7 += float32(float32(int16(v[7]))*x[v[7]&7]) + float32(float32(int32(v[7])>>16)*z[v[7]>>16&7])
		}
		y, b, s := (*[8]float32)(dst[8*i:]), (*[8]float32)(init[8*i:]), (*[8]float32)(scales[8*i:])
		y[0], y[1] = float32(a0*s[0])+b[0], float32(a1*s[1])+b[1]
		y[2], y[3] = float32(a2*s[2])+b[2], float32(a3*s[3])+b[3]
		y[4], y[5] = float32(a4*s[4])+b[4], float32(a5*s[5])+b[5]
		y[6], y[7] = float32(a6*s[6])+b[6], float32(a7*s[7])+b[7]
		first += n
	}
}

// matvecWindowHalf is like matvecWindow for half-precision weights whose places
// lie apart, three bits a step, those of four steps in an element; the sum of a
// row is multiplied by its scale. len(scales) is at least 8·len(counts).
func matvecWindowHalf(dst, init, src []float32, weights []uint16, places, bases []uint16, counts []uint32, scales []float32) {
	first := 0
	for i, quads := range counts {
		n := 4 * int(quads)
		w := weights[8*first:][:8*n]
		var a0, a1, a2, a3, a4, a5, a6, a7 float32
		for step, base := range bases[first:][:n] {
			v, x := (*[8]uint16)(w), (*[8]float32)(src[base:])
			p, shift := (*[8]uint16)(places[(first+step)/4*8:]), step%4*3
			w = w[8:]
			a0 += float32(half(v[0]) * x[p[0]>>shift&7])
			a1 += float32(half(v[1]) * x[p[1]>>shift&7])
			a2 += float32(half(v[2]) * x[p[2]>>shift&7])
			a3 += float32(half(v[3]) * x[p[3]>>shift&7])
			a4 += float32(half(v[4]) * x[p[4]>>shift&7])
			a5 += float32(half(v[5]) * x[p[5]>>shift&7])
			a6 += float32(half(v[6]) * x[p[6]>>shift&7])
			a7 += float32(half(v[7]) * x[p[7]>>shift&7])
		}
		y, b, s := (*[8]float32)(dst[8*i:]), (*[8]float32)(init[8*i:]), (*[8]float32)(scales[8*i:])
		y[0], y[1] = float32(a0*s[0])+b[0], float32(a1*s[1])+b[1]
		y[2], y[3] = float32(a2*s[2])+b[2], float32(a3*s[3])+b[3]
		y[4], y[5] = float32(a4*s[4])+b[4], float32(a5*s[5])+b[5]
		y[6], y[7] = float32(a6*s[6])+b[6], float32(a7*s[7])+b[7]
		first += n
	}
}

// matvecWindowInt8 is like matvecWindowHalf for integers of 8 bits.
func matvecWindowInt8(dst, init, src []float32, weights []int8, places, bases []uint16, counts []uint32, scales []float32) {
	first := 0
	for i, quads := range counts {
		n := 4 * int(quads)
		w := weights[8*first:][:8*n]
		var a0, a1, a2, a3, a4, a5, a6, a7 float32
		for step, base := range bases[first:][:n] {
			v, x := (*[8]int8)(w), (*[8]float32)(src[base:])
			p, shift := (*[8]uint16)(places[(first+step)/4*8:]), step%4*3
			w = w[8:]
			a0 += float32(float32(v[0]) * x[p[0]>>shift&7])
			a1 += float32(float32(v[1]) * x[p[1]>>shift&7])
			a2 += float32(float32(v[2]) * x[p[2]>>shift&7])
			a3 += float32(float32(v[3]) * x[p[3]>>shift&7])
			a4 += float32(float32(v[4]) * x[p[4]>>shift&7])
			a5 += float32(float32(v[5]) * x[p[5]>>shift&7])
			a6 += float32(float32(v[6]) * x[p[6]>>shift&7])
			a7 += float32(float32(v[7]) * x[p[7]>>shift&7])
		}
		y, b, s := (*[8]float32)(dst[8*i:]), (*[8]float32)(init[8*i:]), (*[8]float32)(scales[8*i:])
		y[0], y[1] = float32(a0*s[0])+b[0], float32(a1*s[1])+b[1]
		y[2], y[3] = float32(a2*s[2])+b[2], float32(a3*s[3])+b[3]
		y[4], y[5] = float32(a4*s[4])+b[4], float32(a5*s[5])+b[5]
		y[6], y[7] = float32(a6*s[6])+b[6], float32(a7*s[7])+b[7]
		first += n
	}
}
