package schedule

import (
	"math"

	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// Work is what a kernel does for one product, whatever the machine.
type Work struct {
	Steps  int `json:"steps"`          // of 8 lanes, of 16 in chunks
	Groups int `json:"-"`              // of rows: loops begun
	Bytes  int `json:"bytes"`          // of weights and indices read
	Code   int `json:"code,omitempty"` // bytes of straight-line code run through
	Loads  int `json:"-"`              // vectors that straight-line code in windows loads, where it is short

	// Shifted are the steps of the Fixed form that fall back to the Exponent form.
	Shifted int `json:"shifted,omitempty"`
	// Tiles of 8×8 elements of the vector are transposed to make copies of it.
	Tiles int `json:"tiles,omitempty"`
}

// Bytes that a step, a block or a group takes in each packed form.
const (
	countBytes        = 4       // of a group or block row
	scaleBytes        = 32      // of a group in the Fixed form
	tileBytes         = 16      // where the 8 vectors of a tile begin
	unrolledStepBytes = 36      // 8 weights and an eighth of 8 words of places
	unrolledStepCode  = 18      // shift, permute, multiply-add with displacements of a byte
	unrolledGroupCode = 12      // init, store
	longCode          = 1 << 17 // where fetching it binds, whatever it loads

	chunkVectorBytes = 64 // 16 weights, or the words of places of six steps
	chunkBaseBytes   = 2
	chunkCountBytes  = 8 // of a group in a panel of columns
	chunkStepCode    = 22
	chunkBlockCode   = 7 // 16 elements of the vector brought into a register
	chunkGroupCode   = 32
)

// Cycles a step with weights in the second level, where the kernels are bound by
// arithmetic: fitted to what `sparsec bench kernels -all` printed for matrices of
// 128×128 to 640×640, 50 to 95 % sparse.
const (
	denseCycles       = 0.55 // two multiply-adds and two loads a cycle
	block4Cycles      = 1.02 // a step is half a vector
	block8Cycles      = 1.14
	block16Cycles     = 1.05
	block8x4Cycles    = 1.03
	windowCycles      = 1.27
	windowExactCycles = 1.42
	windowFixedCycles = 1.31
	windowWideCycles  = 2.2
	tileCycles        = 24
	unrolledCycles    = 0.85
	csrCycles         = 1.05 // a step is a single weight
	chunkCycles       = 2.75 // a step is a vector of 16 lanes
	chunkFixedCycles  = 2.3

	chunkUnrolledCycles = 1.8
)

// Straight-line code costs more a step the more of the instruction cache it
// takes, up to crowdedCycles where it fills the budget. Beyond it comes from the
// second level, a cycle for every fetchedBytes.
const (
	crowdedCycles       = 0.3
	fetchedBytes        = 14
	unrolledGroupCycles = 1
	loadsPerCycle       = 2 // of vectors of 8, from the first level
)

// Of a bandwidth of less than block16From bytes a cycle, that of the third level, blocks
// of 16 rows get a share: 1760×1760 to 3072×3072 at 40 % of the weights take 8 to 9 %
// longer in them than in blocks of 8, 168×2656 and 2712×200 from the second level 6 to
// 10 % less.
const (
	block16From  = 25
	block16Share = 0.88
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
		if s.Wide {
			return wideBlockWork(blocks)
		}
		return blockWork(s, blocks)
	case Window, Unrolled:
		return windowWork(s, blocks)
	case Copies:
		return copiesWork(blocks)
	case CSR:
		return csrWork(blocks)
	case Chunk, ChunkUnrolled:
		return chunkWork(s, blocks)
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
	w := Work{Bytes: rowScaleBytes(s, blocks, s.Height)}
	w.inPanels(s, blocks, func(m *sparse.Matrix) {
		for first := 0; first < m.Rows; first += s.Height {
			n := sparse.OccupiedColumns(m, first, s.Height)
			n = (n + blockQuad - 1) / blockQuad * blockQuad
			w.Groups++
			w.Steps += n * max(1, s.Height/windowLanes)
			w.Bytes += n*(s.Weights.Bytes()*s.Height+blockColumnBytes) + countBytes
		}
	})
	return w
}

func wideBlockWork(blocks []*sparse.Matrix) Work {
	w := Work{}
	for _, m := range blocks {
		n, groups := sparse.WideBlocks(m), (m.Rows+windowLanes-1)/windowLanes
		w.Groups += groups
		w.Steps += n * sparse.WideBlockCols
		w.Bytes += n*(4*sparse.WideBlockRows*sparse.WideBlockCols+blockColumnBytes) + groups*countBytes
	}
	return w
}

func windowWork(s Strategy, blocks []*sparse.Matrix) Work {
	w := Work{Bytes: rowScaleBytes(s, blocks, windowLanes)}
	w.inPanels(s, blocks, func(m *sparse.Matrix) { w.addWindows(s, m) })
	return w
}

// inPanels counts the panels of columns of each block.
func (w *Work) inPanels(s Strategy, blocks []*sparse.Matrix, count func(*sparse.Matrix)) {
	panels := s.panels(blocks)
	for _, panel := range panels {
		for _, m := range blocks {
			if len(panels) > 1 {
				m = m.Columns(panel)
			}
			count(m)
		}
	}
}

// copiesWork counts the copies once for each range of rows.
func copiesWork(blocks []*sparse.Matrix) Work {
	w := Work{}
	for _, m := range blocks {
		groups, steps, shifted := sparse.CopiesSteps(m)
		w.Groups += groups
		w.Steps += steps
		w.Shifted += shifted
	}
	panels, tiles := sparse.CopyTiles(blocks[0].Cols)
	w.Bytes = w.Steps*sparse.Float32.WindowStepBytes() + w.Groups*(countBytes+scaleBytes) + tiles*tileBytes
	ranges := 1 + w.Bytes/(panels*kernel.MaxRangeBytes)
	w.Tiles = tiles * ranges
	return w
}

func chunkWork(s Strategy, blocks []*sparse.Matrix) Work {
	w := Work{}
	for _, m := range blocks {
		c := sparse.ChunkSteps(m)
		w.Groups += c.Groups
		if s.Kernel == Chunk {
			w.Steps += c.Padded
			w.Bytes += (c.Padded+c.Places)*chunkVectorBytes + c.Bases*chunkBaseBytes + c.Groups*chunkCountBytes
			continue
		}
		w.Steps += c.Steps
		w.Bytes += (c.Steps + c.Places) * chunkVectorBytes
		w.Code += c.Steps*chunkStepCode + c.Blocks*chunkBlockCode + c.Groups*chunkGroupCode
	}
	return w
}

// fixedChunkWork packs the blocks as the compiler does, for the weights that do not fit
// count as well. The fault is why they are too many.
func fixedChunkWork(blocks []*sparse.Matrix) (w Work, fault string) {
	packed, err := Strategy{Kernel: Chunk, Index: sparse.Fixed}.PackChunk(stack(blocks, kernel.Pad(blocks[0].Rows)))
	if err != nil {
		return Work{}, err.Error()
	}
	groups, panels := packed.Rows()/windowLanes, []sparse.Panel{packed}
	if p, ok := packed.(*sparse.Panels); ok {
		_, panels = p.Parts()
	}
	w = Work{Steps: packed.Steps(), Groups: len(panels) * groups * windowLanes / sparse.ChunkRows, Bytes: packed.Bytes(0, groups)}
	for _, p := range panels {
		w.Steps += p.(*sparse.FixedChunk).Patches() // a patch takes about as long
	}
	return w, ""
}

// addWindows counts the windows of a panel of columns.
func (w *Work) addWindows(s Strategy, m *sparse.Matrix) {
	steps, padded := sparse.WindowSteps(m, s.width(), s.Index)
	groups := (m.Rows + windowLanes - 1) / windowLanes
	w.Groups += groups
	if s.Index == sparse.Fixed {
		w.Shifted += sparse.ShiftedSteps(m)
		w.Bytes += groups * scaleBytes
	}
	if s.Kernel == Window {
		w.Steps += padded
		w.Bytes += padded*s.Weights.WindowStepBytes() + groups*countBytes
		return
	}
	w.Steps += steps
	w.Bytes += steps * unrolledStepBytes
	w.Code += steps*unrolledStepCode + groups*unrolledGroupCode
	if w.Code <= longCode {
		w.Loads += sparse.StraightLoads(m)
	} else {
		w.Loads = 0
	}
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

// nanoseconds is the predicted time of a product of so many vectors in a program
// whose weights are read at bytesPerCycle.
func (t Target) nanoseconds(s Strategy, w Work, bytesPerCycle float64, vectors int) float64 {
	cycles, passes := t.cycles(s, w), 1
	if vectors > 1 {
		cycles, passes = cycles*float64(vectors), vectors
		if s.several() {
			cycles *= severalCycles(s)
			passes = (vectors + t.together(s) - 1) / t.together(s)
		}
	}
	return slower(cycles, float64(passes)*float64(w.Bytes)/s.streamed(bytesPerCycle)) / t.GHz
}

// streamed is the bandwidth of a strategy: blocks of 16 rows, of which a step takes
// whole lines, get a little less of what comes from beyond the second level.
func (s Strategy) streamed(bytesPerCycle float64) float64 {
	if s.Kernel == Block && s.Height == 16 && bytesPerCycle < block16From {
		return bytesPerCycle * block16Share
	}
	return bytesPerCycle
}

// together is the number of vectors that the kernel for several multiplies in a pass
// over the weights.
func (t Target) together(s Strategy) int {
	if s.Kernel == Dense && t.ISA == kernel.AVX512 {
		return 6
	}
	return 3
}

// several reports whether there is a kernel for several vectors.
func (s Strategy) several() bool {
	return s.Weights == sparse.Float32 && (s.Kernel == Dense || s.Kernel == Window)
}

// severalCycles is what is left of the arithmetic of a vector where words are
// decoded once for three: see asm/several.go.
func severalCycles(s Strategy) float64 {
	if s.Kernel == Window {
		return 0.74
	}
	return 1
}

// cycles are those of the arithmetic, and of fetching straight-line code.
func (t Target) cycles(s Strategy, w Work) float64 {
	cycles, groups := arithmetic(s, w), float64(w.Groups)
	if !s.straightLine() {
		return cycles + float64(groups*t.GroupCycles)
	}
	cycles += float64(groups * unrolledGroupCycles)
	if t.CodeBudget > 0 {
		cycles += float64(float64(w.Steps) * crowdedCycles * min(1, float64(w.Code)/float64(t.CodeBudget)))
	}
	cycles = max(cycles, float64(w.Loads)/loadsPerCycle)
	if w.Code > t.CodeBudget {
		cycles = slower(cycles, float64(w.Code)/fetchedBytes)
	}
	return cycles
}

// arithmetic are the cycles of the steps alone.
func arithmetic(s Strategy, w Work) float64 {
	steps, shifted := float64(w.Steps-w.Shifted), float64(w.Shifted)
	cycles := float64(steps * stepCycles(s))
	if w.Shifted > 0 {
		// Half of what the Exponent form costs more: it hides behind other steps.
		exponent := stepCycles(Strategy{Kernel: Window, Index: sparse.Exponent})
		cycles += float64(shifted * (stepCycles(s) + exponent) / 2)
	}
	return cycles + float64(tileCycles*w.Tiles)
}

// slower joins two bounds that hold at once. Where they are near each other both
// bind now and then: the eighth norm, which is 9 % above two equal ones. (Roots
// and products that are not fused give the same bits on every machine.)
func slower(a, b float64) float64 {
	high, low := max(a, b), min(a, b)
	if high == 0 {
		return 0
	}
	r := low / high
	r *= r
	r *= r
	r *= r
	return high * math.Sqrt(math.Sqrt(math.Sqrt(1+r)))
}

func stepCycles(s Strategy) float64 {
	if s.Weights != sparse.Float32 {
		return reducedCycles[reducedKernel{s.Kernel, s.Height, s.Weights}]
	}
	switch s.Kernel {
	case Block:
		if s.Wide {
			return block8x4Cycles
		}
		return map[int]float64{4: block4Cycles, 8: block8Cycles, 16: block16Cycles}[s.Height]
	case Window:
		if s.Wide {
			return windowWideCycles
		}
		return [...]float64{sparse.Exponent: windowExactCycles, sparse.Mantissa: windowCycles, sparse.Fixed: windowFixedCycles}[s.Index]
	case Copies:
		return windowFixedCycles
	case Unrolled:
		return unrolledCycles
	case CSR:
		return csrCycles
	case Chunk:
		if s.Index == sparse.Fixed {
			return chunkFixedCycles
		}
		return chunkCycles
	case ChunkUnrolled:
		return chunkUnrolledCycles
	}
	return denseCycles
}
