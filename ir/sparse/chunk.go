package sparse

import (
	"math"
	"slices"
)

// The shape of a chunk step: 16 rows, one a lane of a 512-bit register, and 32
// columns of src, which two registers hold. Chunks begin at multiples of half
// their width, so that those registers are loaded from whole cache lines of an
// aligned src.
const (
	ChunkRows    = 16
	ChunkColumns = 32
	chunkStride  = ChunkColumns / 2
)

// chunkPanel is the largest number of columns of a panel: 4 KiB of src, that
// stay in the first level of the cache while the words of a group stream
// through it. Matrices of up to twice as many are one panel.
const chunkPanel = 1024

// ChunkPlaces is the number of steps of a group whose places share a vector of
// words, ChunkPlaceBits the room that each has there.
const (
	ChunkPlaces    = 6
	ChunkPlaceBits = 5
)

// Chunk is a matrix packed for the two-source permute of AVX-512: rows in groups
// of 16, one a lane; a step is a chunk of 32 columns and, for each lane, a weight
// and the place inside the chunk of the element of src that it multiplies. Lanes
// that find no weight in the chunk have weight 0 and place 0.
//
// Weights are kept as they are, whatever their range. The places lie beside them:
// before every sixth step of a group a vector of words, one a lane, holds those of
// six steps, five bits each, the first step's lowest.
//
// A group has two streams of steps, the first of pairs that share a chunk, the
// second of steps with a chunk each, padded by zero weights to an even number, so
// that a kernel takes two at a time and leaves but two loops. Places go on from the
// first to the second. Wide matrices are cut into panels of columns, each added to
// the sum of those before.
//
// Because of idle lanes, a row multiplies 0 by the first element of a chunk
// that its group reads, up to 31 columns before a weight of the group: an
// infinity or NaN in src reaches every row that has a weight for it, but others
// of the group too. No element behind the last column is multiplied, though
// [Chunk.Reach] of them are read.
type Chunk struct {
	rows, cols, nnz int
	panels          []Span // of columns

	words  uint32s      // [vector][16]
	bases  uint16s      // [chunk read], counted from the panel's first column
	counts uint32s      // [panel][group][2]: pairs that share a chunk, pairs that do not
	starts []ChunkStart // [panel][group]; one more at the end
	odd    []bool       // [panel][group]: the last step only pads
}

// ChunkStart is a place in the streams of a [Chunk]: the number of vectors of
// words and of bases before it.
type ChunkStart struct{ Vector, Base int }

// PackChunk packs a matrix. Rows are padded to a multiple of 16.
func PackChunk(m *Matrix) *Chunk {
	c := &Chunk{rows: roundUp(m.Rows, ChunkRows), cols: m.Cols, nnz: m.NNZ(), panels: chunkPanels(m.Cols)}
	var group chunkGroup
	for _, panel := range c.panels {
		for first := 0; first < c.rows; first += ChunkRows {
			group.load(m, first, panel)
			c.packGroup(m, first, panel, group.schedule(lastChunk(panel, m.Cols)))
		}
	}
	c.starts = append(c.starts, c.end())
	return c
}

// chunkPanels cuts columns into panels of about the same width.
func chunkPanels(cols int) []Span {
	n := 1
	if cols > 2*chunkPanel {
		n = (cols + chunkPanel - 1) / chunkPanel
	}
	return cutColumns(cols, roundUp((cols+n-1)/n, ChunkColumns))
}

// lastChunk is the base of the last chunk of a panel, counted from its first
// column. The chunks of the last panel end where the matrix does, rounded up to
// a register, if the panel is as wide as a chunk.
func lastChunk(panel Span, cols int) int {
	last := roundUp(panel.Len(), chunkStride) - chunkStride
	if panel.To == cols {
		last = max(0, last-chunkStride)
	}
	return last
}

// packGroup appends the steps of the group of rows that begins at row first.
func (c *Chunk) packGroup(m *Matrix, first int, panel Span, steps []chunkStep) {
	c.starts = append(c.starts, c.end())
	pairs, singles := pairSteps(steps)
	c.counts.append(uint32(len(pairs)))
	c.counts.append(uint32((len(singles) + 1) / 2))
	var stream []basedStep
	for _, pair := range pairs {
		base := pair[0].high
		c.bases.append(uint16(base))
		stream = append(stream, basedStep{pair[0], base}, basedStep{pair[1], base})
	}
	for _, s := range singles {
		c.bases.append(uint16(s.high))
		stream = append(stream, basedStep{s, s.high})
	}
	odd := len(singles)%2 == 1
	c.odd = append(c.odd, odd)
	if odd {
		base := singles[len(singles)-1].high
		c.bases.append(uint16(base))
		stream = append(stream, basedStep{idleStep(), base})
	}
	c.packStream(m, first, panel, stream)
}

// basedStep is a step with the chunk that it takes, counted from the panel's first
// column.
type basedStep struct {
	chunkStep
	base int
}

// packStream appends the places and weights of the steps of a group.
func (c *Chunk) packStream(m *Matrix, first int, panel Span, stream []basedStep) {
	for six := range slices.Chunk(stream, ChunkPlaces) {
		for lane := range ChunkRows {
			word := uint32(0)
			for k, s := range six {
				if column := s.columns[lane]; column >= 0 {
					word |= uint32(int(column)-s.base) << (ChunkPlaceBits * k)
				}
			}
			c.words.append(word)
		}
		for _, s := range six {
			for lane, column := range s.columns {
				weight := float32(0)
				if column >= 0 {
					weight = m.Row(first + lane)[panel.From+int(column)]
				}
				c.words.append(math.Float32bits(weight))
			}
		}
	}
}

// end is the place behind all that is packed.
func (c *Chunk) end() ChunkStart {
	return ChunkStart{Vector: c.words.len() / ChunkRows, Base: c.bases.len()}
}

// Rows is the number of rows with padding, a multiple of 16.
func (c *Chunk) Rows() int { return c.rows }

// Cols is the number of columns.
func (c *Chunk) Cols() int { return c.cols }

// NNZ is the number of weights that are not exactly zero.
func (c *Chunk) NNZ() int { return c.nnz }

// Steps is the number of steps with padding.
func (c *Chunk) Steps() int {
	steps := 0
	for i := range c.counts.len() {
		steps += 2 * int(c.counts.at(i))
	}
	return steps
}

// Sections are "words" (uint32: weights, 16 a step, and before every sixth step of
// a group 16 of places), "bases" (uint16, one for each chunk read) and "counts"
// (uint32, two for each group of each panel: pairs of steps that share a chunk,
// pairs of steps that have one each).
func (c *Chunk) Sections() []Section {
	return []Section{{"words", c.words}, {"bases", c.bases}, {"counts", c.counts}}
}

// Granule is the number of 8-row groups between places where the matrix can be
// cut.
func (c *Chunk) Granule() int { return ChunkRows / lanes }

// Groups is the number of groups of 16 rows.
func (c *Chunk) Groups() int { return c.rows / ChunkRows }

// Panels are the ranges of columns that are multiplied one after the other.
func (c *Chunk) Panels() []Span { return c.panels }

// Reach is the number of elements behind the last column of src that a kernel
// may read.
func (c *Chunk) Reach() int {
	last := len(c.panels) - 1
	return c.Reads(last) - c.panels[last].Len()
}

// Reads is the number of elements of src, from the first column of a panel on,
// that a kernel may read for the panel.
func (c *Chunk) Reads(panel int) int { return lastChunk(c.panels[panel], c.cols) + ChunkColumns }

// Start is where the streams of a group of a panel begin.
func (c *Chunk) Start(panel, group int) ChunkStart { return c.starts[panel*c.Groups()+group] }

// Counts are the pairs of steps of a group of a panel that share a chunk, and
// the steps with one each that do not only pad.
func (c *Chunk) Counts(panel, group int) (pairs, singles int) {
	i := panel*c.Groups() + group
	singles = 2 * int(c.counts.at(2*i+1))
	if c.odd[i] {
		singles--
	}
	return int(c.counts.at(2 * i)), singles
}

// Base is a base of the stream, counted from the first column of its panel.
func (c *Chunk) Base(i int) int { return int(c.bases.at(i)) }

// Vectors are the numbers, in the words of a group of a panel, of the vector of
// weights of its i-th step and of the one that holds the step's places, from bit
// shift on.
func (c *Chunk) Vectors(i int) (weights, places, shift int) {
	return besidePlaces(i, ChunkPlaces, ChunkPlaceBits)
}

// Bytes is the number of bytes that a kernel reads for a range of groups of 8
// rows.
func (c *Chunk) Bytes(from, to int) int {
	from, to = from/c.Granule(), (to+c.Granule()-1)/c.Granule()
	bytes := 0
	for p := range c.panels {
		a, b := c.Start(p, from), c.Start(p, to)
		bytes += (b.Vector-a.Vector)*4*ChunkRows + (b.Base-a.Base)*2 + (to-from)*8
	}
	return bytes
}

// MulAdd computes dst = init + W·src. In each panel, the two steps of a pair are
// added to accumulators 0 and 1 if they share a chunk, else to 2 and 3; the sum
// is (a0+a1)+(a2+a3), then init or what the panels before it gave.
func (c *Chunk) MulAdd(dst, init, src []float32) {
	for p, panel := range c.panels {
		for r := range c.rows {
			dst[r] = c.rowSum(p, r, src[panel.From:]) + init[r]
		}
		init = dst
	}
}

// rowSum is the product of a panel's part of a row, src beginning at the panel.
func (c *Chunk) rowSum(panel, r int, src []float32) float32 {
	var acc [4]float32
	for s := range c.steps(panel, r/ChunkRows) {
		weight, place := c.lane(s, r%ChunkRows)
		acc[s.acc] = fma(weight, src[s.base+place], acc[s.acc])
	}
	return (acc[0] + acc[1]) + (acc[2] + acc[3])
}

// lane is the weight of a lane of a step, and its place inside the chunk.
func (c *Chunk) lane(s placedStep, lane int) (weight float32, place int) {
	word := c.words.at(ChunkRows*s.places + lane)
	return math.Float32frombits(c.words.at(ChunkRows*s.weights + lane)), int(word >> s.shift & (ChunkColumns - 1))
}

// placedStep is a step of the stream.
type placedStep struct {
	weights, places, shift int // vectors of the words, see Vectors
	base                   int // its chunk, counted from the first column of the panel
	acc                    int // the accumulator that it is added to
}

// steps returns an iterator over the steps of a group of a panel, padding
// included, in the order of the stream.
func (c *Chunk) steps(panel, group int) func(yield func(placedStep) bool) {
	return func(yield func(placedStep) bool) {
		start, i := c.Start(panel, group), panel*c.Groups()+group
		pairs, others := int(c.counts.at(2*i)), int(c.counts.at(2*i+1))
		for k := range 2 * (pairs + others) {
			weights, places, shift := c.Vectors(k)
			s := placedStep{weights: start.Vector + weights, places: start.Vector + places, shift: shift}
			if k < 2*pairs {
				s.base, s.acc = c.Base(start.Base+k/2), k%2
			} else {
				s.base, s.acc = c.Base(start.Base+k-pairs), 2+k%2
			}
			if !yield(s) {
				return
			}
		}
	}
}

// Unpack is the matrix with its padded rows.
func (c *Chunk) Unpack() *Matrix {
	m := NewMatrix(c.rows, c.cols)
	for p, panel := range c.panels {
		for g := range c.Groups() {
			for s := range c.steps(p, g) {
				for lane := range ChunkRows {
					if w, place := c.lane(s, lane); w != 0 {
						m.Row(ChunkRows*g + lane)[panel.From+s.base+place] = w
					}
				}
			}
		}
	}
	return m
}
