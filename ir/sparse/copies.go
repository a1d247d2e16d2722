package sparse

import (
	"fmt"
	"math/rand/v2"
)

const (
	// copiesColumns is the number of columns that copies of src are padded to a
	// multiple of: tiles of 8×8 are transposed whole.
	copiesColumns = lanes * lanes
	// CopiesRoom is the number of elements that all copies of a panel take
	// together: half of a first-level cache of 32 KiB, which the weights of a group
	// share.
	CopiesRoom = 4096
)

// columnCopies are orders of the columns of a panel. The first is the order as it
// is. In each of the others 8 columns that are neighbours come from 8 vectors of 8
// columns that were drawn at random, one from each: a copy of src in that order
// is made of tiles of 8×8 elements that are transposed. Copies lie one after the
// other, each padded to a multiple of 64 columns; padding is zero.
type columnCopies struct {
	cols, padded, count int

	tiles     uint16s // [copy-1][tile][8] first columns of the vectors
	columns   []int32 // [copy][padded] column at a position, -1 of padding
	positions []int32 // [column][copy] position of a column
}

// newColumnCopies draws the orders; equal arguments give equal ones.
func newColumnCopies(cols, count int) *columnCopies {
	c := &columnCopies{cols: cols, padded: roundUp(cols, copiesColumns), count: count}
	c.columns = make([]int32, count*c.padded)
	c.positions = make([]int32, count*cols)
	for p := range c.padded {
		c.put(0, p, p)
	}
	rng := rand.New(rand.NewPCG(uint64(cols), uint64(count)))
	for k := 1; k < count; k++ {
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
		c.positions[c.count*column+k] = int32(at)
	}
}

// of are the positions of a column, one in each copy.
func (c *columnCopies) of(column int32) []int32 {
	return c.positions[c.count*int(column):][:c.count]
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

// checkCopies refuses numbers of copies that panels cannot have.
func checkCopies(count int) error {
	if count < 2 || count > CopiesRoom/copiesColumns {
		return fmt.Errorf("%d copies of the columns: want 2 to %d", count, CopiesRoom/copiesColumns)
	}
	return nil
}
