package cluster

import (
	"fmt"

	"github.com/sparsec/sparsec/ir/sparse"
)

// Objective is what an order is to make small: the steps of a kernel.
type Objective uint8

const (
	// Windows are the steps of 8 rows by sliding windows of 8 columns, see
	// [sparse.GroupSteps].
	Windows Objective = iota
	// Chunks8 are the steps of 8 rows by aligned chunks of 8 columns: in each
	// chunk as many as the row with most weights there has.
	Chunks8
	// Chunks32 are the steps of 16 rows by aligned chunks of 32 columns.
	Chunks32
	// Overlapping32 are the steps of 16 rows by chunks of 32 columns that begin
	// at every 16th, see [sparse.ChunkGroupSteps].
	Overlapping32
)

func (o Objective) String() string {
	switch o {
	case Windows:
		return "windows"
	case Chunks8:
		return "chunks of 8"
	case Chunks32:
		return "chunks of 32"
	case Overlapping32:
		return "overlapping chunks of 32"
	}
	return fmt.Sprintf("objective?%d", uint8(o))
}

// tile is a group of rows by a chunk of columns.
type tile struct{ rows, cols int }

// tile has, for sliding windows, the columns of one.
func (o Objective) tile() tile {
	if o == Chunks32 || o == Overlapping32 {
		return tile{16, 32}
	}
	return tile{lanes, sparse.NarrowWindow}
}

// Steps counts the steps of a matrix whose rows stand in the given order, a
// permutation of them all; nil for the order as it is.
func Steps(m *sparse.Matrix, order []int, o Objective) int {
	if order == nil {
		order = identity(m.Rows)
	}
	if len(order) != m.Rows {
		panic(fmt.Sprintf("cluster: an order of %d rows for a matrix of %d", len(order), m.Rows))
	}
	steps := 0
	for t := o.tile(); len(order) > 0; {
		n := min(t.rows, len(order))
		switch o {
		case Windows:
			steps += windowSteps(m, order[:n])
		case Overlapping32:
			steps += overlappingSteps(m, order[:n])
		default:
			steps += chunkSteps(m, order[:n], t.cols)
		}
		order = order[n:]
	}
	return steps
}

func windowSteps(m *sparse.Matrix, rows []int) int {
	var columns [lanes][]int32
	columnsOf(m, rows, columns[:])
	return sparse.GroupSteps(&columns, sparse.NarrowWindow)
}

func overlappingSteps(m *sparse.Matrix, rows []int) int {
	var columns [sparse.ChunkRows][]int32
	columnsOf(m, rows, columns[:])
	return sparse.ChunkGroupSteps(&columns)
}

// columnsOf lists the columns that have a weight, for each row.
func columnsOf(m *sparse.Matrix, rows []int, columns [][]int32) {
	for lane, r := range rows {
		for c, w := range m.Row(r) {
			if w != 0 {
				columns[lane] = append(columns[lane], int32(c))
			}
		}
	}
}

func chunkSteps(m *sparse.Matrix, rows []int, width int) int {
	most := make([]int, (m.Cols+width-1)/width)
	for _, r := range rows {
		counts := make([]int, len(most))
		for c, w := range m.Row(r) {
			if w != 0 {
				counts[c/width]++
			}
		}
		for k, n := range counts {
			most[k] = max(most[k], n)
		}
	}
	steps := 0
	for _, n := range most {
		steps += n
	}
	return steps
}

func identity(n int) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	return order
}
