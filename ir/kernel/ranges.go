package kernel

// MaxRangeBytes is the number of bytes of weights that one kernel call may
// read, unless one indivisible part of a matrix is longer: from memory, at 7
// bytes a cycle and 3 GHz, they take 50 µs.
const MaxRangeBytes = 1 << 20

// divisible is a packed matrix that can be cut between groups of 8 rows.
type divisible interface {
	Rows() int
	Granule() int           // groups between places where it can be cut
	Bytes(from, to int) int // that a kernel reads for a range of groups
}

// RangesFor cuts a packed matrix into ranges of row groups that each read at
// most maxBytes of weights, as far as it can be cut; 0 stands for
// [MaxRangeBytes]. It covers all groups in order.
func RangesFor(m divisible, maxBytes int) []Range {
	if maxBytes == 0 {
		maxBytes = MaxRangeBytes
	}
	var ranges []Range
	groups, step := m.Rows()/8, m.Granule()
	for from := 0; from < groups; {
		to := min(from+step, groups)
		for to < groups && m.Bytes(from, min(to+step, groups)) <= maxBytes {
			to = min(to+step, groups)
		}
		ranges = append(ranges, Range{from, to})
		from = to
	}
	return ranges
}
