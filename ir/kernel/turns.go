package kernel

// Weights that do not quite fit into the second level of the cache push each other
// out: what a step reads first, the step before read first too, and everything since
// has come after. A step that goes the other way finds the last rows still there. On
// a Zen 4, with 1 MiB, 1760×1760 in 1.3 MB takes 3 to 5 % less time so, 3072×3072 in
// 2 MB 5 to 9 %; 4 MB take as long in either direction, or 3 % longer.
const (
	turnFrom    = 1 << 19 // bytes of all matrices
	turnTo      = 3 << 20
	turnedLeast = 1 << 18 // bytes of a matrix that is worth it
	turnRanges  = 4
)

// Turn has the products of one vector go through the rows of their matrix from the
// last range to the first in every other step, where that finds more of the weights
// in the cache. It cuts the matrices in ranges for it.
func (p *Program) Turn() {
	for _, l := range p.Levels() {
		total := 0
		for i := range p.Matrices {
			total += p.Matrices[i].At(l).Size()
		}
		if total <= turnFrom || total > turnTo {
			continue
		}
		for i := range p.Matrices {
			p.Matrices[i].At(l).turn()
		}
	}
}

// turn cuts a form of packed rows that is large enough.
func (f *Form) turn() {
	rows, ok := f.Packed.(divisible)
	if !ok || f.Size() < turnedLeast || f.Strategy == Copies || f.Strategy == Unrolled || f.Strategy == ChunkUnrolled {
		return // copies would be made for each range, and straight-line code is cut already
	}
	groups := rows.Rows() / 8
	part := rows.Bytes(0, min(rows.Granule(), groups))
	f.Ranges = RangesFor(rows, min(MaxRangeBytes, f.Size()/turnRanges+part))
	f.Turns = len(f.Ranges) > 1
}

// Turning numbers the matrices that some level goes through in both directions.
func (p *Program) Turning() map[int]int {
	numbers := map[int]int{}
	for i := range p.Matrices {
		for _, f := range p.Matrices[i].Forms() {
			if _, seen := numbers[i]; f.Turns && !seen {
				numbers[i] = len(numbers)
			}
		}
	}
	return numbers
}
