package sparse

import "math/rand/v2"

const (
	// Copies is the number of orders of the columns of src in [WindowCopies]. Two
	// save half as many steps; eight save 5 % more, which more copies to make and to
	// hold near cost again.
	Copies = 4
	// CopiesRoom is the number of elements that all copies of a panel have together:
	// 8 KiB leave most of the first level of the cache to the stream of weights. Twice
	// as many cost 5 to 20 % where that stream comes from the third level.
	CopiesRoom = 2048
	// copiesColumns is the number of columns that a copy is padded to a multiple of:
	// tiles of 8×8 elements are transposed whole.
	copiesColumns = lanes * lanes
)

// columnCopies are orders of the columns of a panel. The first is the order as it
// is. In each of the others 8 columns that are neighbours come from 8 vectors of 8
// columns that were drawn at random, one from each: a copy of src in that order
// is made of tiles of 8×8 elements that are transposed. Copies lie one after the
// other, each padded to a multiple of 64 columns; padding is zero.
type columnCopies struct {
	cols, padded int

	tiles     uint16s         // [copy-1][tile][8] first columns of the vectors
	columns   []int32         // [copy][padded] column at a position, -1 of padding
	positions [][Copies]int32 // [column] where it is in each copy
}

// newColumnCopies draws the orders of so many columns, always the same.
func newColumnCopies(cols int) *columnCopies {
	c := &columnCopies{cols: cols, padded: roundUp(cols, copiesColumns)}
	c.columns = make([]int32, Copies*c.padded)
	c.positions = make([][Copies]int32, cols)
	for p := range c.padded {
		c.put(0, p, p)
	}
	rng := rand.New(rand.NewPCG(uint64(cols), Copies))
	for k := 1; k < Copies; k++ {
		for i, vector := range rng.Perm(c.padded / lanes) {
			c.tiles.append(uint16(lanes * vector))
			for q := range lanes {
				c.put(k, i/lanes*copiesColumns+lanes*q+i%lanes, lanes*vector+q)
			}
		}
	}
	return c
}

// put places a column of a copy.
func (c *columnCopies) put(k, place, column int) {
	at := k*c.padded + place
	c.columns[at] = -1
	if column < c.cols {
		c.columns[at] = int32(column)
		c.positions[column][k] = int32(at)
	}
}

// spread is src in all orders.
func (c *columnCopies) spread(src []float32) []float32 {
	x := make([]float32, len(c.columns)+lanes)
	for p, column := range c.columns {
		if column >= 0 {
			x[p] = src[column]
		}
	}
	return x
}

// CopyTiles is the number of panels of a matrix of so many columns, and that of the
// tiles that are transposed for all of them.
func CopyTiles(cols int) (panels, tiles int) {
	for _, panel := range copyPanels(cols) {
		panels++
		tiles += (Copies - 1) * roundUp(panel.Len(), copiesColumns) / copiesColumns
	}
	return panels, tiles
}

// copyPanels cuts columns into as few panels as [CopiesRoom] allows, as equal as
// tiles leave them.
func copyPanels(cols int) []Span {
	return cutColumns(cols, roundUp(evenParts(cols, CopiesRoom/Copies), copiesColumns))
}
