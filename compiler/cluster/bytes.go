package cluster

// Eight numbers below 128 lie in the bytes of a word and are added, compared and
// subtracted together: the top bit of each byte is free for a borrow (Warren,
// "Hacker's Delight", 2nd ed., section 2-18).
const (
	byteOnes = 0x0101010101010101
	byteTops = 0x8080808080808080
	byteLows = 0x7f7f7f7f7f7f7f7f
)

// excess is max(x−y, 0) in each byte.
func excess(x, y uint64) uint64 {
	d := x | byteTops - y
	keep := d & byteTops // where x ≥ y
	return d & (keep - keep>>7)
}

// larger is the larger of two numbers in each byte.
func larger(x, y uint64) uint64 { return y + excess(x, y) }

// nonzero is 255 in the bytes that are not zero, of any value.
func nonzero(x uint64) uint64 {
	top := (x&byteLows + byteLows | x) & byteTops
	return top - top>>7 | top
}

// pairs adds neighbouring bytes to four sums of 16 bits.
func pairs(x uint64) uint64 {
	const even = 0x00ff00ff00ff00ff
	return x&even + x>>8&even
}

// total adds four sums of 16 bits.
func total(x uint64) int {
	const even = 0x0000ffff0000ffff
	x = x&even + x>>16&even
	return int(uint32(x) + uint32(x>>32))
}
