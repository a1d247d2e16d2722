package rt

// matvecWindowCopies is like matvecWindowFixed for windows of copies of src: the
// first as it is, padded with zeros to a multiple of 64 elements, the others in
// tiles of 8×8, each transposed from the vectors of 8 elements that begin at the 8
// places in tiles. All copies together have at most 2048 elements.
func matvecWindowCopies(dst, init, src []float32, words []uint32, scales []float32, bases []uint16, counts []uint32, tiles []uint16) {
	var copies [2048 + 8]float32
	copy(copies[:], src)
	next := copies[(len(src)+63)&^63:]
	for ; len(tiles) > 0; tiles = tiles[8:] {
		for j, from := range (*[8]uint16)(tiles) {
			for q, x := range (*[8]float32)(copies[from:]) {
				next[8*q+j] = x
			}
		}
		next = next[64:]
	}
	matvecWindowFixed(dst, init, copies[:], words, scales, bases, counts)
}
