package sparse

import (
	"fmt"
	"math"
)

// FixedChunk is a matrix packed for the two-source permute of AVX-512 with the place
// of a weight inside its word, in the Fixed form: an integer whose low 5 bits are the
// place in a chunk of 32 columns, and which turning into float32 rounds to the weight
// over the scale of its row. Rows are in groups of 16, one a lane, as in [Chunk].
//
// What is exact so is a weight of at least an 8th of the largest of its row, more or
// less by its place. One that is larger than the row's scale allows is the sum of
// equal words; one that is too small where it lies has a word in a further step, of a
// chunk from the column on that makes the place what the weight's last bits are, if
// there is one: not for all weights near either end of a row. Matrices of which too
// many weights need that have no packing of this form. Those pruned by magnitude need
// it for one weight in a thousand.
//
// Four groups in a row are a tile, which shares chunks of src in registers: it has a
// stream of fours, a step of each group with one chunk, if it is small, and for each
// of two pairs of its groups one of quads, two steps of each with one chunk, one of
// twos, a step of each, and one of steps with chunks of their own, in turns. The last
// tile may have fewer groups, and no fours then; one without a partner has only steps
// of its own.
//
// Lanes that find no weight hold the word 0, weight 0 at place 0: an infinity or NaN
// in src reaches every row that has a weight for it, but others of the tile too. No
// element behind the last column is multiplied, though [FixedChunk.Reach] of them are
// read.
type FixedChunk struct {
	rows, cols, nnz int

	words  uint32s      // [step][16]
	scales float32s     // [row] decoded weights are w/scale
	bases  uint16s      // [four, quad, two or own step]
	counts uint32s      // [tile][8]: fours; of each pair quads, twos, own steps of each; order
	starts []ChunkStart // [tile]; one more at the end
}

// chunkTile is the number of groups that share chunks, FixedChunkCounts that of the
// counts of a tile. The last one is the order of its groups, of which the first two
// are a pair and the others one: a byte each, 8 times the number in the tile.
const (
	chunkTile        = 4
	FixedChunkCounts = 8
)

// PackFixedChunk packs a matrix of at most 65,536 columns whose weights are zero or
// normal float32. Rows are padded to a multiple of 16.
func PackFixedChunk(m *Matrix) (*FixedChunk, error) {
	if m.Cols > 1<<16 {
		return nil, fmt.Errorf("%d columns: want at most 65536, which 16-bit chunk bases reach", m.Cols)
	}
	if _, _, err := exponents(m, 0, m.Rows, Fixed, ChunkColumns); err != nil {
		return nil, err
	}
	c := &FixedChunk{rows: roundUp(m.Rows, ChunkRows), cols: m.Cols, nnz: m.NNZ()}
	for first := 0; first < c.rows; first += chunkTile * ChunkRows {
		c.starts = append(c.starts, c.end())
		var tile []*fixedGroup
		for row := first; row < min(first+chunkTile*ChunkRows, c.rows); row += ChunkRows {
			g := newFixedGroup(m, row)
			for _, code := range g.codes {
				c.scales.append(code.scale())
			}
			tile = append(tile, g)
		}
		if err := c.packTile(tile); err != nil {
			return nil, err
		}
	}
	c.starts = append(c.starts, c.end())
	return c, nil
}

// packTile appends the steps of up to four groups.
func (c *FixedChunk) packTile(tile []*fixedGroup) error {
	var schedules [][]chunkStep
	for _, g := range tile {
		schedules = append(schedules, g.schedule)
	}
	share := shareTile(schedules)
	for _, four := range share.fours {
		c.bases.append(uint16(four[0].base))
		for _, i := range share.order {
			c.appendWords(tile[i].encode(four[i]))
		}
	}
	counts := []uint32{uint32(len(share.fours))}
	order := uint32(0)
	for p, pair := range share.pairs {
		var members []*fixedGroup
		for k := 2 * p; k < min(2*p+2, len(tile)); k++ {
			members = append(members, tile[share.order[k]])
			order |= uint32(8*share.order[k]) << (8 * k)
		}
		own, err := c.packPair(members, pair)
		if err != nil {
			return err
		}
		counts = append(counts, uint32(len(pair.quads)), uint32(len(pair.twos)), uint32(own))
	}
	c.counts.append(append(counts, order)...)
	return nil
}

// packPair appends the steps that two groups, or one, do not share with the others of
// their tile, and returns how many own ones each has.
func (c *FixedChunk) packPair(members []*fixedGroup, pair pairShare) (own int, err error) {
	for _, quad := range pair.quads {
		c.bases.append(uint16(quad[0].base))
		for i, s := range quad {
			c.appendWords(members[i/2].encode(s))
		}
	}
	for _, two := range pair.twos {
		c.bases.append(uint16(two[0].base))
		for k, g := range members {
			c.appendWords(g.encode(two[k]))
		}
	}
	var streams [][]fixedStep
	for k, g := range members {
		steps, err := g.ownWords(pair.own[k])
		if err != nil {
			return 0, err
		}
		streams = append(streams, steps)
	}
	return c.appendOwn(streams), nil
}

// appendOwn appends the steps with chunks of their own of the groups of a pair, in
// turns, and returns the length of the longer list. The shorter one goes on with idle
// steps, at the chunks of the other.
func (c *FixedChunk) appendOwn(streams [][]fixedStep) int {
	var longest []fixedStep
	for _, steps := range streams {
		if len(steps) > len(longest) {
			longest = steps
		}
	}
	for i, s := range longest {
		for _, steps := range streams {
			step := fixedStep{base: s.base}
			if i < len(steps) {
				step = steps[i]
			}
			c.bases.append(uint16(step.base))
			c.appendWords(step.words)
		}
	}
	return len(longest)
}

func (c *FixedChunk) appendWords(step [ChunkRows]uint32) { c.words.append(step[:]...) }

// end is the place behind all that is packed.
func (c *FixedChunk) end() ChunkStart {
	return ChunkStart{Vector: c.words.len() / ChunkRows, Base: c.bases.len()}
}

// Rows is the number of rows with padding, a multiple of 16.
func (c *FixedChunk) Rows() int { return c.rows }

// Cols is the number of columns.
func (c *FixedChunk) Cols() int { return c.cols }

// NNZ is the number of weights that are not exactly zero.
func (c *FixedChunk) NNZ() int { return c.nnz }

// Steps is the number of steps with padding.
func (c *FixedChunk) Steps() int { return c.words.len() / ChunkRows }

// Sections are "words" (uint32, 16 a step), "scales" (float32, one a row), "bases"
// (uint16: one for each four, quad, two and own step) and "counts" (uint32, eight for
// each tile: fours, quads, twos and own steps of either pair, the order of groups).
func (c *FixedChunk) Sections() []Section {
	return []Section{{"words", c.words}, {"scales", c.scales}, {"bases", c.bases}, {"counts", c.counts}}
}

// Granule is the number of 8-row groups between places where the matrix can be
// cut.
func (c *FixedChunk) Granule() int { return chunkTile * ChunkRows / lanes }

// Reach is the number of elements behind the last column of src that a kernel
// may read.
func (c *FixedChunk) Reach() int { return lastFixedBase(c.cols) + ChunkColumns - c.cols }

// lastFixedBase is the last column at which a chunk may begin: half of it is
// readable behind the columns rounded up to a register.
func lastFixedBase(cols int) int { return roundUp(cols, chunkStride) - chunkStride }

// Start is where the streams of a tile begin, given its first 8-row group, or the
// number of all.
func (c *FixedChunk) Start(group int) ChunkStart { return c.starts[c.Tile(group)] }

// Tile is the number of tiles before an 8-row group, a multiple of the granule or
// the number of all.
func (c *FixedChunk) Tile(group int) int { return (group + c.Granule() - 1) / c.Granule() }

// Bytes is the number of bytes that a kernel reads for a range of groups of 8
// rows.
func (c *FixedChunk) Bytes(from, to int) int {
	a, b := c.Start(from), c.Start(to)
	return (b.Vector-a.Vector)*4*ChunkRows + (b.Base-a.Base)*2 + (c.Tile(to)-c.Tile(from))*4*FixedChunkCounts + (to-from)*4*lanes
}

// MulAdd computes dst = init + W·src. Steps of fours are added to accumulator 0, the
// two of quads to 0 and 1, those of twos to 2, own ones to 3; the sum is
// (a0+a1)+(a2+a3), multiplied by the scale and added to init in one rounding.
func (c *FixedChunk) MulAdd(dst, init, src []float32) {
	for g := range c.rows / ChunkRows {
		var acc [ChunkRows][4]float32
		for s := range c.steps(g) {
			for lane := range ChunkRows {
				weight, place := c.lane(s, lane)
				acc[lane][s.acc] = fma(weight, src[s.base+place], acc[lane][s.acc])
			}
		}
		for lane, a := range acc {
			r := ChunkRows*g + lane
			dst[r] = fma((a[0]+a[1])+(a[2]+a[3]), c.scales.at(r), init[r])
		}
	}
}

// lane is the weight of a lane of a step, over the scale of its row, and its place
// inside the chunk.
func (c *FixedChunk) lane(s placedStep, lane int) (weight float32, place int) {
	word := c.words.at(ChunkRows*s.weights + lane)
	return decodeWord(word, Fixed, ChunkColumns), decodePlace(word, ChunkColumns)
}

// steps returns an iterator over the steps of a group, padding included, in the
// order of the stream.
func (c *FixedChunk) steps(group int) func(yield func(placedStep) bool) {
	return func(yield func(placedStep) bool) {
		tile := group / chunkTile
		at, counts := c.starts[tile], FixedChunkCounts*tile
		members := min(chunkTile, c.rows/ChunkRows-chunkTile*tile)
		which := 0
		for int(c.counts.at(counts+FixedChunkCounts-1)>>(8*which)&255) != 8*(group%chunkTile) {
			which++
		}
		// units yields the steps of the stream of a count, in which so many groups from
		// the first given on take some each, with one base for all or one each.
		units := func(count, first, groups, each, bases, acc int) bool {
			for range c.counts.at(counts + count) {
				for i := range each {
					if k := which - first; k >= 0 && k < groups {
						s := placedStep{weights: at.Vector + each*k + i, base: int(c.bases.at(at.Base + k%bases)), acc: acc + i}
						if !yield(s) {
							return false
						}
					}
				}
				at.Vector += groups * each
				at.Base += bases
			}
			return true
		}
		more := units(0, 0, chunkTile, 1, 1, 0)
		for p := 0; more && 2*p < members; p++ {
			first, pair := 2*p, min(2, members-2*p)
			more = units(1+3*p, first, pair, 2, 1, 0) && units(2+3*p, first, pair, 1, 1, 2) && units(3+3*p, first, pair, 1, pair, 3)
		}
	}
}

// Unpack is the matrix with its padded rows.
func (c *FixedChunk) Unpack() *Matrix {
	m := NewMatrix(c.rows, c.cols)
	for g := range c.rows / ChunkRows {
		for s := range c.steps(g) {
			for lane := range ChunkRows {
				r := ChunkRows*g + lane
				if w, place := c.lane(s, lane); w != 0 {
					// The product is exact, but its factors need float64.
					m.Row(r)[s.base+place] += float32(float64(w) * float64(c.scales.at(r)))
				}
			}
		}
	}
	return m
}

// fixedGroup is a group of 16 rows on its way into words.
type fixedGroup struct {
	m        *Matrix
	first    int // row
	codes    [ChunkRows]wordCode
	schedule []chunkStep
	misfits  []misfit
}

// misfit is a weight, or a part of one, that has no word where its step lies.
type misfit struct {
	lane   int
	column int
	weight float32
}

// fixedStep is a step whose words are made.
type fixedStep struct {
	base  int
	words [ChunkRows]uint32
}

func newFixedGroup(m *Matrix, first int) *fixedGroup {
	g := &fixedGroup{m: m, first: first}
	for lane := range g.codes {
		var row []float32
		if first+lane < m.Rows {
			row = m.Row(first + lane)
		}
		g.codes[lane] = fixedChunkCode(row)
	}
	var queues chunkGroup
	queues.load(m, first, Span{0, m.Cols})
	g.schedule = queues.schedule(lastChunk(Span{0, m.Cols}, m.Cols))
	return g
}

// fixedChunkCode is the code of a row whose scale leaves the fewest weights without
// a word of their own: by that of its largest weight, or of a half or a quarter of it.
func fixedChunkCode(row []float32) wordCode {
	largest := 0
	for _, w := range row {
		if w != 0 {
			largest = max(largest, biasedExponent(w))
		}
	}
	if largest == 0 {
		largest = 127
	}
	best, fewest := wordCode{}, math.MaxInt
	for less := range 3 {
		code := wordCode{form: Fixed, width: ChunkColumns, shift: largest - less}
		missing := 0
		for c, w := range row {
			if w == 0 {
				continue
			}
			part, parts := code.split(w)
			missing += parts - 1
			if !code.holds(part, uint32(c%ChunkColumns)) {
				missing++
			}
		}
		if missing < fewest {
			best, fewest = code, missing
		}
	}
	return best
}

// split cuts a weight that is too large for the code into equal parts that are not.
func (c wordCode) split(w float32) (part float32, parts int) {
	parts = 1 << max(0, biasedExponent(w)-c.shift)
	return w / float32(parts), parts
}

// encode makes the words of a step, and remembers what has none there.
func (g *fixedGroup) encode(s basedStep) (words [ChunkRows]uint32) {
	for lane, column := range s.columns {
		if column < 0 {
			continue
		}
		code := g.codes[lane]
		part, parts := code.split(g.m.Row(g.first + lane)[column])
		if index := uint32(int(column) - s.base); code.holds(part, index) {
			words[lane] = code.encode(part, index)
			parts--
		}
		for range parts {
			g.misfits = append(g.misfits, misfit{lane, int(column), part})
		}
	}
	return words
}

// ownWords makes the words of the steps that share no chunk, and of more steps for
// all misfits of the group.
func (g *fixedGroup) ownWords(own []basedStep) ([]fixedStep, error) {
	var steps []fixedStep
	for _, s := range own {
		steps = append(steps, fixedStep{s.base, g.encode(s)})
	}
	// Places beside the weights would take a sixth more bytes.
	if len(g.misfits) > ChunkRows+len(g.schedule)/6 {
		return nil, fmt.Errorf("rows %d to %d: %d weights are below an 8th of the largest of their row or far above the others: an index of 32 columns in integers needs most of them near the largest",
			g.first, min(g.first+ChunkRows, g.m.Rows)-1, len(g.misfits))
	}
	for len(g.misfits) > 0 {
		s, err := g.fix()
		if err != nil {
			return nil, err
		}
		steps = append(steps, s)
	}
	return steps, nil
}

// fix takes the first misfit and as many others as one step can hold with it.
func (g *fixedGroup) fix() (fixedStep, error) {
	first, best, most := g.misfits[0], -1, 0
	for base := max(0, first.column-ChunkColumns+1); base <= min(first.column, lastFixedBase(g.m.Cols)); base++ {
		if !g.codes[first.lane].holds(first.weight, uint32(first.column-base)) {
			continue
		}
		if _, left := g.fit(base); len(g.misfits)-len(left) > most {
			best, most = base, len(g.misfits)-len(left)
		}
	}
	if best < 0 {
		row := g.first + first.lane
		return fixedStep{}, fmt.Errorf("weight %g at row %d, column %d: no integer with an index of 32 columns gives it beside the largest of its row",
			g.m.Row(row)[first.column], row, first.column)
	}
	var s fixedStep
	s, g.misfits = g.fit(best)
	return s, nil
}

// fit makes a step of the misfits that have words at a base, one a lane, and returns
// the others.
func (g *fixedGroup) fit(base int) (s fixedStep, left []misfit) {
	s.base = base
	for _, m := range g.misfits {
		index, code := m.column-base, g.codes[m.lane]
		if index < 0 || index >= ChunkColumns || s.words[m.lane] != 0 || !code.holds(m.weight, uint32(index)) {
			left = append(left, m)
			continue
		}
		s.words[m.lane] = code.encode(m.weight, uint32(index))
	}
	return s, left
}

// FixedChunkPanels are the panels of columns in which a matrix is packed as
// [FixedChunk].
func FixedChunkPanels(m *Matrix) []Span {
	return panelsOf([]*Matrix{m}, ChunkRows, 4*ChunkRows, func(rows *Matrix) int { return ChunkSteps(rows).Steps })
}

// PackFixedChunkPanels packs each panel of a matrix as [PackFixedChunk] does. They
// begin at multiples of 16 columns, so that no chunk reaches further than in one.
func PackFixedChunkPanels(m *Matrix, columns []Span) (*Panels, error) {
	return packPanels(m, columns, PackFixedChunk)
}
