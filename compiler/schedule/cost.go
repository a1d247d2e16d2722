package schedule

import (
	"github.com/sparsec/sparsec/ir/sparse"
)

// Work is what a kernel does for one product, whatever the machine.
type Work struct {
	Steps  int `json:"steps"`          // of 8 lanes
	Groups int `json:"-"`              // of rows: loops begun
	Bytes  int `json:"bytes"`          // of weights and indices read
	Code   int `json:"code,omitempty"` // bytes of straight-line code run through

	// Shifted are the steps of the Fixed form that fall back to the Exponent form.
	Shifted int `json:"shifted,omitempty"`
}

// Bytes that a step, a block or a group takes in each packed form.
const (
	countBytes        = 4  // of a group or block row
	scaleBytes        = 32 // of a group in the Fixed form
	unrolledStepBytes = 32 // 8 words
	unrolledStepCode  = 18 // load, permute, multiply-add with displacements of a byte
	decodeCode        = 9  // shift and mask of the Exponent form
	unrolledGroupCode = 64 // sum, scale, init, store
	straightStepCode  = 21 // the same in the Fixed form, in tiles
	straightGroupCode = 24 // scale, init, store
	shiftedCode       = 8  // shift and mask instead of a conversion
)

// Cycles a step with weights in the second level, where the kernels are bound by
// arithmetic: fitted to the medians of BenchmarkMatVec of package asm, of
// 512×128 and 768×256 at 5 and 10 % density.
const (
	denseCycles         = 0.55 // two multiply-adds and two loads a cycle
	block4Cycles        = 1.05 // a step is half a vector
	block8Cycles        = 1.2
	block16Cycles       = 1.05
	windowCycles        = 1.31
	windowExactCycles   = 1.47
	windowFixedCycles   = 1.36
	windowWideCycles    = 2.3
	unrolledCycles      = 1.1 // with code inside the budget
	unrolledExactCycles = 1.36
	unrolledFixedCycles = 1.05
	csrCycles           = 1.1 // a step is a single weight
)

const (
	blockColumnBytes       = 2
	csrStepBytes           = 6       // a weight and its column
	csrGroupBytes          = 16 + 4  // places of 8 rows, a count
	maxColumns             = 1 << 16 // that 16-bit bases and block columns reach
	blockQuad, windowLanes = 4, 8
)

// work counts exactly what the kernel of a strategy would do.
func work(s Strategy, blocks []*sparse.Matrix) Work {
	switch s.Kernel {
	case Block:
		return blockWork(s, blocks)
	case Window, Unrolled:
		return windowWork(s, blocks)
	case CSR:
		return csrWork(blocks)
	}
	w := Work{}
	for _, m := range blocks {
		groups := (m.Rows + windowLanes - 1) / windowLanes
		w.Groups += (groups + sparse.DensePanel - 1) / sparse.DensePanel
		w.Steps += groups * m.Cols
	}
	w.Bytes = s.Weights.Bytes()*windowLanes*w.Steps + rowScaleBytes(s, blocks, windowLanes)
	return w
}

func blockWork(s Strategy, blocks []*sparse.Matrix) Work {
	height := s.Height
	w := Work{Bytes: rowScaleBytes(s, blocks, height)}
	for _, m := range blocks {
		for first := 0; first < m.Rows; first += height {
			n := occupiedColumns(m, first, height)
			n = (n + blockQuad - 1) / blockQuad * blockQuad
			w.Groups++
			w.Steps += n * max(1, height/windowLanes)
			w.Bytes += n*(s.Weights.Bytes()*height+blockColumnBytes) + countBytes
		}
	}
	return w
}

// occupiedColumns counts the columns in which any of height rows has a weight.
func occupiedColumns(m *sparse.Matrix, first, height int) int {
	n := 0
	for c := range m.Cols {
		for r := first; r < min(first+height, m.Rows); r++ {
			if m.Data[r*m.Cols+c] != 0 {
				n++
				break
			}
		}
	}
	return n
}

func windowWork(s Strategy, blocks []*sparse.Matrix) Work {
	w := Work{Bytes: rowScaleBytes(s, blocks, windowLanes)}
	for _, m := range blocks {
		steps, padded := sparse.WindowSteps(m, s.width())
		shifted, shiftedPadded := 0, 0
		groups := (m.Rows + windowLanes - 1) / windowLanes
		w.Groups += groups
		if s.Index == sparse.Fixed {
			shifted, shiftedPadded = sparse.ShiftedSteps(m)
			w.Bytes += groups * scaleBytes
		}
		if s.Kernel == Window {
			w.Steps += padded
			w.Shifted += shiftedPadded
			w.Bytes += padded*s.Weights.WindowStepBytes() + groups*countBytes
			continue
		}
		w.Steps += steps
		w.Shifted += shifted
		w.Bytes += steps * unrolledStepBytes
		switch s.Index {
		case sparse.Fixed:
			w.Code += steps*straightStepCode + shifted*shiftedCode + groups*straightGroupCode
		case sparse.Exponent:
			w.Code += steps*(unrolledStepCode+decodeCode) + groups*unrolledGroupCode
		case sparse.Mantissa:
			w.Code += steps*unrolledStepCode + groups*unrolledGroupCode
		}
	}
	return w
}

// csrWork counts over all blocks together, as they are packed.
func csrWork(blocks []*sparse.Matrix) Work {
	var lengths []int
	for _, m := range blocks {
		for r := range m.Rows {
			n := 0
			for _, w := range m.Row(r) {
				if w != 0 {
					n++
				}
			}
			lengths = append(lengths, n)
		}
		for len(lengths)%windowLanes != 0 {
			lengths = append(lengths, 0)
		}
	}
	w := Work{Steps: sparse.CSRSteps(lengths), Groups: len(lengths) / windowLanes}
	w.Bytes = csrStepBytes*w.Steps + csrGroupBytes*w.Groups
	return w
}

// nanoseconds is the predicted time of a product in a program whose weights
// are read at bytesPerCycle.
func (t Target) nanoseconds(s Strategy, w Work, bytesPerCycle float64) float64 {
	cycles := float64(w.Steps-w.Shifted)*stepCycles(s) + float64(w.Groups)*t.GroupCycles
	if w.Shifted > 0 {
		cycles += float64(w.Shifted) * stepCycles(Strategy{Kernel: s.Kernel, Index: sparse.Exponent})
	}
	return max(cycles, float64(w.Bytes)/bytesPerCycle) / t.GHz
}

func stepCycles(s Strategy) float64 {
	if s.Weights != sparse.Float32 {
		return reducedCycles[reducedKernel{s.Kernel, s.Height, s.Weights}]
	}
	switch s.Kernel {
	case Block:
		return map[int]float64{4: block4Cycles, 8: block8Cycles, 16: block16Cycles}[s.Height]
	case Window:
		if s.Wide {
			return windowWideCycles
		}
		return [...]float64{sparse.Exponent: windowExactCycles, sparse.Mantissa: windowCycles, sparse.Fixed: windowFixedCycles}[s.Index]
	case Unrolled:
		return [...]float64{sparse.Exponent: unrolledExactCycles, sparse.Mantissa: unrolledCycles, sparse.Fixed: unrolledFixedCycles}[s.Index]
	case CSR:
		return csrCycles
	}
	return denseCycles
}
