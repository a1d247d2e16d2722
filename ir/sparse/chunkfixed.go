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
// A row has a limit, a power of two. Words are exact for weights below it down to a
// quarter, but for one in 64 down to an 8th, for half of them down to a 16th, by their
// places. Others are patches, float32 with a row and a column each, that are multiplied
// one by one behind the steps of their tile. Of a normal matrix pruned by magnitude they
// are one weight in 1,700; a matrix of which they are more than the steps has no packing
// of this form.
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

	words   uint32s           // [step][16]
	scales  float32s          // [row] decoded weights are w/scale
	bases   uint16s           // [four, quad, two or own step]
	counts  uint32s           // [tile][8]: fours; of each pair quads, twos, own steps of each; order
	patches uint32s           // [tile]: their number and 0; of each row in the tile and column, weight
	starts  []FixedChunkStart // [tile]; one more at the end
}

// FixedChunkStart is a place in the streams of a [FixedChunk]: the number of steps, of
// bases and of words of patches before it.
type FixedChunkStart struct{ Step, Base, Patch int }

// chunkTile is the number of groups that share chunks, FixedChunkCounts that of the
// counts of a tile. The last one is the order of its groups, of which the first two
// are a pair and the others one: a byte each, 8 times the number in the tile.
const (
	chunkTile        = 4
	FixedChunkCounts = 8
)

// PackFixedChunk packs a matrix of at most 65,536 columns. Rows are padded to a
// multiple of 16.
func PackFixedChunk(m *Matrix) (*FixedChunk, error) {
	if m.Cols > 1<<16 {
		return nil, fmt.Errorf("%d columns: want at most 65536, which 16-bit chunk bases reach", m.Cols)
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
		c.packTile(tile)
	}
	c.starts = append(c.starts, c.end())
	if n := c.Patches(); n > c.Steps()+ChunkRows { // each takes as long as a step
		return nil, fmt.Errorf("%d of %d weights are too far from the largest of their row for an index of 32 columns in integers", n, c.nnz)
	}
	return c, nil
}

// packTile appends the steps of up to four groups.
func (c *FixedChunk) packTile(tile []*fixedGroup) {
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
		own := c.packPair(members, pair)
		counts = append(counts, uint32(len(pair.quads)), uint32(len(pair.twos)), uint32(own))
	}
	c.counts.append(append(counts, order)...)
	c.packPatches(tile)
}

// packPair appends the steps that two groups, or one, do not share with the others of
// their tile, and returns how many own ones each has.
func (c *FixedChunk) packPair(members []*fixedGroup, pair pairShare) (own int) {
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
	// The shorter list of own steps goes on with idle ones, at the chunks of the other.
	longest := pair.own[0]
	if len(pair.own[1]) > len(longest) {
		longest = pair.own[1]
	}
	for i, s := range longest {
		for k, g := range members {
			step := basedStep{idleStep(), s.base}
			if i < len(pair.own[k]) {
				step = pair.own[k][i]
			}
			c.bases.append(uint16(step.base))
			c.appendWords(g.encode(step))
		}
	}
	return len(longest)
}

// packPatches appends what the groups of a tile could not encode.
func (c *FixedChunk) packPatches(tile []*fixedGroup) {
	var list []uint32
	for i, g := range tile {
		for _, p := range g.patches {
			list = append(list, uint32(ChunkRows*i+p.lane)<<16|uint32(p.column), math.Float32bits(p.weight))
		}
	}
	c.patches.append(uint32(len(list)/2), 0)
	c.patches.append(list...)
}

func (c *FixedChunk) appendWords(step [ChunkRows]uint32) { c.words.append(step[:]...) }

// end is the place behind all that is packed.
func (c *FixedChunk) end() FixedChunkStart {
	return FixedChunkStart{Step: c.words.len() / ChunkRows, Base: c.bases.len(), Patch: c.patches.len()}
}

// Rows is the number of rows with padding, a multiple of 16.
func (c *FixedChunk) Rows() int { return c.rows }

// Cols is the number of columns.
func (c *FixedChunk) Cols() int { return c.cols }

// NNZ is the number of weights that are not exactly zero.
func (c *FixedChunk) NNZ() int { return c.nnz }

// Steps is the number of steps with padding.
func (c *FixedChunk) Steps() int { return c.words.len() / ChunkRows }

// Patches is the number of weights that are multiplied one by one.
func (c *FixedChunk) Patches() int { return c.patches.len()/2 - len(c.starts) + 1 }

// Sections are "words" (uint32, 16 a step), "scales" (float32, one a row), "bases"
// (uint16: one for each four, quad, two and own step) and "counts" (uint32, eight for
// each tile: fours, quads, twos and own steps of either pair, the order of groups) and
// "patches" (uint32, two words each, behind two of every tile with their number: 65,536
// times the row in the tile and the column, and a float32).
func (c *FixedChunk) Sections() []Section {
	return []Section{{"words", c.words}, {"scales", c.scales}, {"bases", c.bases}, {"counts", c.counts}, {"patches", c.patches}}
}

// Granule is the number of 8-row groups between places where the matrix can be
// cut.
func (c *FixedChunk) Granule() int { return chunkTile * ChunkRows / lanes }

// Reach is the number of elements behind the last column of src that a kernel
// may read.
func (c *FixedChunk) Reach() int {
	return lastChunk(Span{0, c.cols}, c.cols) + ChunkColumns - c.cols
}

// Start is where the streams of a tile begin, given its first 8-row group, or the
// number of all.
func (c *FixedChunk) Start(group int) FixedChunkStart { return c.starts[c.Tile(group)] }

// Tile is the number of tiles before an 8-row group, a multiple of the granule or
// the number of all.
func (c *FixedChunk) Tile(group int) int { return (group + c.Granule() - 1) / c.Granule() }

// Bytes is the number of bytes that a kernel reads for a range of groups of 8
// rows.
func (c *FixedChunk) Bytes(from, to int) int {
	a, b := c.Start(from), c.Start(to)
	return (b.Step-a.Step)*4*ChunkRows + (b.Base-a.Base)*2 + (b.Patch-a.Patch)*4 + (c.Tile(to)-c.Tile(from))*4*FixedChunkCounts + (to-from)*4*lanes
}

// MulAdd computes dst = init + W·src. Steps of fours are added to accumulator 0, the
// two of quads to 0 and 1, those of twos to 2, own ones to 3; the sum is
// (a0+a1)+(a2+a3), multiplied by the scale and added to init in one rounding. Then
// patches are added.
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
	c.eachPatch(func(row, column int, w float32) { dst[row] = fma(w, src[column], dst[row]) })
}

// eachPatch yields the patches in order.
func (c *FixedChunk) eachPatch(yield func(row, column int, w float32)) {
	for tile, start := range c.starts[:len(c.starts)-1] {
		for k := range int(c.patches.at(start.Patch)) {
			at := start.Patch + 2 + 2*k
			place := c.patches.at(at)
			yield(chunkTile*ChunkRows*tile+int(place>>16), int(place&0xffff), math.Float32frombits(c.patches.at(at+1)))
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
						s := placedStep{weights: at.Step + each*k + i, base: int(c.bases.at(at.Base + k%bases)), acc: acc + i}
						if !yield(s) {
							return false
						}
					}
				}
				at.Step += groups * each
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
					m.Row(r)[s.base+place] = float32(float64(w) * float64(c.scales.at(r)))
				}
			}
		}
	}
	c.eachPatch(func(row, column int, w float32) { m.Row(row)[column] = w })
	return m
}

// fixedGroup is a group of 16 rows on its way into words.
type fixedGroup struct {
	m        *Matrix
	first    int // row
	codes    [ChunkRows]wordCode
	schedule []chunkStep
	patches  []patch
}

// patch is a weight that has no word.
type patch struct {
	lane, column int
	weight       float32
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

// fixedChunkCode is the code of a row whose scale leaves the fewest weights without a
// word, by their exponents: of those of the largest that fit all have one, of those
// four times smaller but for some places, of those 8 times smaller half, and so on.
func fixedChunkCode(row []float32) wordCode {
	var weights [256]int // of each exponent
	for _, w := range row {
		if w != 0 {
			weights[biasedExponent(w)]++
		}
	}
	code, most := wordCode{form: Fixed, width: ChunkColumns, shift: 127}, 0
	for shift := 1; shift < 255; shift++ {
		fit := 0
		for less, share := range [...]int{64, 64, 63, 32, 16, 8} {
			fit += share * weights[max(0, shift-less)]
		}
		if fit > most {
			code.shift, most = shift, fit
		}
	}
	return code
}

// fits reports whether a weight is not too large for the code and its word decodes
// to it.
func (c wordCode) fits(w float32, index uint32) bool {
	return biasedExponent(w) <= c.shift && c.holds(w, index)
}

// encode makes the words of a step, and patches of the weights that have none.
func (g *fixedGroup) encode(s basedStep) (words [ChunkRows]uint32) {
	for lane, column := range s.columns {
		if column < 0 {
			continue
		}
		w, code := g.m.Row(g.first + lane)[column], g.codes[lane]
		if index := uint32(int(column) - s.base); code.fits(w, index) {
			words[lane] = code.encode(w, index)
		} else {
			g.patches = append(g.patches, patch{lane, int(column), w})
		}
	}
	return words
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
