package sparse

import "errors"

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

// Chunk is a matrix packed for the two-source permute of AVX-512: rows in groups
// of 16, one a lane; a step is a chunk of 32 columns and 16 words, each a weight
// together with the place inside the chunk of the element of src that it
// multiplies. Lanes that find no weight in the chunk hold the word 0: weight 0,
// place 0.
//
// A group has two streams of steps, the first of pairs that share a chunk, the
// second of steps with a chunk each, padded by zero words to an even number, so
// that a kernel takes two at a time and leaves but two loops. Wide matrices are
// cut into panels of columns, each added to the sum of those before.
//
// Because of idle lanes, a row multiplies 0 by the first element of a chunk
// that its group reads, up to 31 columns before a weight of the group: an
// infinity or NaN in src reaches every row that has a weight for it, but others
// of the group too. No element behind the last column is multiplied, though
// [Chunk.Reach] of them are read.
type Chunk struct {
	rows, cols, nnz int
	form            IndexForm
	scale           float32 // of Exponent: weights are decoded ones times scale
	panels          []Span  // of columns

	words  uint32s      // [step][16]; see wordCode
	bases  uint16s      // [chunk read], counted from the panel's first column
	counts uint32s      // [panel][group][2]: pairs that share a chunk, pairs that do not
	starts []ChunkStart // [panel][group]; one more at the end
	odd    []bool       // [panel][group]: the last step only pads
}

// ChunkStart is a place in the streams of a [Chunk]: the number of steps and of
// bases before it.
type ChunkStart struct{ Step, Base int }

// PackChunk packs a matrix whose weights are zero or normal float32. Rows are
// padded to a multiple of 16. In the Exponent form the weights must further lie
// within a range of 2^7, and below 2^8.
func PackChunk(m *Matrix, form IndexForm) (*Chunk, error) {
	if form == Fixed {
		return nil, errors.New("chunks have no integer words: want the Exponent or the Mantissa form")
	}
	code, err := newWordCode(m, form, ChunkColumns)
	if err != nil {
		return nil, err
	}
	c := &Chunk{
		rows: roundUp(m.Rows, ChunkRows), cols: m.Cols, nnz: m.NNZ(),
		form: form, scale: code.scale(), panels: chunkPanels(m.Cols),
	}
	var group chunkGroup
	for _, panel := range c.panels {
		for first := 0; first < c.rows; first += ChunkRows {
			group.load(m, first, panel)
			c.packGroup(m, first, panel, group.schedule(lastChunk(panel, m.Cols)), code)
		}
	}
	c.starts = append(c.starts, c.end())
	return c, nil
}

// chunkPanels cuts columns into panels of about the same width.
func chunkPanels(cols int) []Span {
	n := 1
	if cols > 2*chunkPanel {
		n = (cols + chunkPanel - 1) / chunkPanel
	}
	width := roundUp((cols+n-1)/n, ChunkColumns)
	var panels []Span
	for from := 0; from < cols; from += width {
		panels = append(panels, Span{from, min(from+width, cols)})
	}
	return panels
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
func (c *Chunk) packGroup(m *Matrix, first int, panel Span, steps []chunkStep, code wordCode) {
	c.starts = append(c.starts, c.end())
	appendStep := func(s chunkStep, base int) {
		for lane, column := range s.columns {
			word := uint32(0)
			if column >= 0 {
				word = code.encode(m.Row(first + lane)[panel.From+int(column)], uint32(int(column)-base))
			}
			c.words.append(word)
		}
	}
	pairs, singles := pairSteps(steps)
	for _, pair := range pairs {
		base := pair[0].high
		c.bases.append(uint16(base))
		appendStep(pair[0], base)
		appendStep(pair[1], base)
	}
	for _, s := range singles {
		c.bases.append(uint16(s.high))
		appendStep(s, s.high)
	}
	odd := len(singles)%2 == 1
	if odd {
		c.bases.append(uint16(singles[len(singles)-1].high))
		c.words = append(c.words, make([]byte, 4*ChunkRows)...)
	}
	c.odd = append(c.odd, odd)
	c.counts.append(uint32(len(pairs)))
	c.counts.append(uint32((len(singles) + 1) / 2))
}

// end is the place behind all that is packed.
func (c *Chunk) end() ChunkStart {
	return ChunkStart{Step: c.words.len() / ChunkRows, Base: c.bases.len()}
}

// Form says where the index is inside a word.
func (c *Chunk) Form() IndexForm { return c.form }

// Scale is what decoded weights are multiplied by, without rounding: a power of
// two for Exponent, 1 for Mantissa.
func (c *Chunk) Scale() float32 { return c.scale }

// Rows is the number of rows with padding, a multiple of 16.
func (c *Chunk) Rows() int { return c.rows }

// Cols is the number of columns.
func (c *Chunk) Cols() int { return c.cols }

// NNZ is the number of weights that are not exactly zero.
func (c *Chunk) NNZ() int { return c.nnz }

// Steps is the number of steps with padding.
func (c *Chunk) Steps() int { return c.end().Step }

// Sections are "words" (uint32, 16 a step), "bases" (uint16, one for each chunk
// read) and "counts" (uint32, two for each group of each panel: pairs of steps
// that share a chunk, pairs of steps that have one each).
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

// Bytes is the number of bytes that a kernel reads for a range of groups of 8
// rows.
func (c *Chunk) Bytes(from, to int) int {
	from, to = from/c.Granule(), (to+c.Granule()-1)/c.Granule()
	bytes := 0
	for p := range c.panels {
		a, b := c.Start(p, from), c.Start(p, to)
		bytes += (b.Step-a.Step)*4*ChunkRows + (b.Base-a.Base)*2 + (to-from)*8
	}
	return bytes
}

// MulAdd computes dst = init + W·src. In each panel, the two steps of a pair are
// added to accumulators 0 and 1 if they share a chunk, else to 2 and 3; the sum
// is (a0+a1)+(a2+a3), then init or what the panels before it gave. Weights are
// exact.
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
	for at := range c.steps(panel, r/ChunkRows) {
		word := c.words.at(ChunkRows*at.step + r%ChunkRows)
		acc[at.acc] = fma(c.weight(word), src[at.base+decodePlace(word, ChunkColumns)], acc[at.acc])
	}
	return (acc[0] + acc[1]) + (acc[2] + acc[3])
}

// weight is the weight in a word; the product is exact.
func (c *Chunk) weight(word uint32) float32 {
	return decodeWord(word, c.form, ChunkColumns) * c.scale
}

// placedStep is a step of the stream.
type placedStep struct {
	step int // its number
	base int // its chunk, counted from the first column of the panel
	acc  int // the accumulator that it is added to
}

// steps returns an iterator over the steps of a group of a panel, padding
// included, in the order of the stream.
func (c *Chunk) steps(panel, group int) func(yield func(placedStep) bool) {
	return func(yield func(placedStep) bool) {
		start, i := c.Start(panel, group), panel*c.Groups()+group
		step, base := start.Step, start.Base
		for range c.counts.at(2 * i) {
			if !yield(placedStep{step, c.Base(base), 0}) || !yield(placedStep{step + 1, c.Base(base), 1}) {
				return
			}
			step, base = step+2, base+1
		}
		for range c.counts.at(2*i + 1) {
			if !yield(placedStep{step, c.Base(base), 2}) || !yield(placedStep{step + 1, c.Base(base + 1), 3}) {
				return
			}
			step, base = step+2, base+2
		}
	}
}

// Unpack is the matrix of the weights as stored, with its padded rows: in the
// Mantissa form they differ from the packed ones.
func (c *Chunk) Unpack() *Matrix {
	m := NewMatrix(c.rows, c.cols)
	for p, panel := range c.panels {
		for g := range c.Groups() {
			for at := range c.steps(p, g) {
				for lane := range ChunkRows {
					word := c.words.at(ChunkRows*at.step + lane)
					if w := c.weight(word); w != 0 {
						m.Row(ChunkRows*g + lane)[panel.From+at.base+decodePlace(word, ChunkColumns)] = w
					}
				}
			}
		}
	}
	return m
}
