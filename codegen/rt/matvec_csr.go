package rt

// matvecCSR computes dst = init + W·src for W in compressed rows. Rows are in
// groups of 8 in lockstep: group i has counts[i] rounds of 8 weights with their
// columns, one a row, and its rows are at the int16 places[8·i:8·i+8] behind row
// 8·i. len(dst) and len(init) are at least 8·len(counts), len(src) more than the
// largest column; init may be dst.
func matvecCSR(dst, init, src, weights []float32, columns, places []uint16, counts []uint32) {
	for i, rounds := range counts {
		var a0, a1, a2, a3, a4, a5, a6, a7 float32
		for range rounds {
			w, c := (*[8]float32)(weights), (*[8]uint16)(columns)
			weights, columns = weights[8:], columns[8:]
			a0 += float32(w[0] * src[c[0]])
			a1 += float32(w[1] * src[c[1]])
			a2 += float32(w[2] * src[c[2]])
			a3 += float32(w[3] * src[c[3]])
			a4 += float32(w[4] * src[c[4]])
			a5 += float32(w[5] * src[c[5]])
			a6 += float32(w[6] * src[c[6]])
			a7 += float32(w[7] * src[c[7]])
		}
		sums := [8]float32{a0, a1, a2, a3, a4, a5, a6, a7}
		for lane, place := range (*[8]uint16)(places[8*i:]) {
			row := 8*i + int(int16(place))
			dst[row] = sums[lane] + init[row]
		}
	}
}
