package schedule

import (
	"fmt"
	"strings"

	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// Kernel is a family of kernels.
type Kernel uint8

const (
	Dense         Kernel = iota // all columns
	Block                       // R×1 row blocks
	Window                      // sliding-window permute, packed stream
	Copies                      // the same over several copies of the vector, each in another order
	Unrolled                    // the same steps as straight-line code
	CSR                         // compressed rows, scalar
	Chunk                       // two-source permute over chunks of 32 columns, packed stream
	ChunkUnrolled               // the same steps as straight-line code
)

// Strategy is a family of kernels with its parameters. Its text form is one of
// dense, block4, block8, block16, block8x4, window/fixed, window/exponent,
// window/mantissa, window16/exponent, copies, unrolled and csr, for AVX-512 chunk,
// chunk/fixed and chunkunrolled, or, with weights that are not float32, dense, block4, block8,
// block16 or window and their precision, as in window/q16.
type Strategy struct {
	Kernel Kernel
	Height int              // of Block: rows of a block
	Index  sparse.IndexForm // of Window; of Chunk it is Fixed or, for places beside the weights, zero
	// Wide is, of Window in the exponent form, windows of 16 columns, not 8; of
	// Block with 8 rows, blocks of 4 columns, not 1.
	Wide bool
	// Weights is how weights are stored; Index counts for Float32 alone.
	Weights sparse.Precision
}

// Strategies are all there are, in order of preference among equals.
func Strategies() []Strategy {
	return append([]Strategy{
		{Kernel: Dense},
		{Kernel: Block, Height: 4}, {Kernel: Block, Height: 8}, {Kernel: Block, Height: 16},
		{Kernel: Block, Height: 8, Wide: true},
		{Kernel: Window, Index: sparse.Fixed}, {Kernel: Window, Index: sparse.Exponent}, {Kernel: Window, Index: sparse.Mantissa},
		{Kernel: Window, Index: sparse.Exponent, Wide: true},
		{Kernel: Copies},
		{Kernel: Unrolled},
		{Kernel: CSR},
		{Kernel: Chunk},
		{Kernel: Chunk, Index: sparse.Fixed},
		{Kernel: ChunkUnrolled},
	}, reducedStrategies()...)
}

// Level is the lowest instruction set that has a kernel for the strategy.
func (s Strategy) Level() kernel.Level {
	if s.Kernel == Chunk || s.Kernel == ChunkUnrolled {
		return kernel.AVX512
	}
	return kernel.AVX2
}

// straightLine reports whether the strategy is code without a loop.
func (s Strategy) straightLine() bool { return s.Kernel == Unrolled || s.Kernel == ChunkUnrolled }

// Exact reports whether every float32 weight is kept as it is.
func (s Strategy) Exact() bool {
	return s.Index != sparse.Mantissa && s.Weights == sparse.Float32
}

func (s Strategy) String() string {
	if s.Weights != sparse.Float32 {
		return s.reducedName()
	}
	form := [...]string{sparse.Exponent: "exponent", sparse.Mantissa: "mantissa", sparse.Fixed: "fixed"}[s.Index]
	switch s.Kernel {
	case Dense:
		return "dense"
	case Block:
		if s.Wide {
			return fmt.Sprintf("block%dx%d", s.Height, sparse.WideBlockCols)
		}
		return fmt.Sprintf("block%d", s.Height)
	case CSR:
		return "csr"
	case Window:
		if s.Wide {
			return "window16/" + form
		}
		return "window/" + form
	case Copies:
		return "copies"
	case Unrolled:
		return "unrolled"
	case Chunk:
		if s.Index == sparse.Fixed {
			return "chunk/" + form
		}
		return "chunk"
	case ChunkUnrolled:
		return "chunkunrolled"
	}
	return fmt.Sprintf("strategy?%d", s.Kernel)
}

// MarshalText is the text form.
func (s Strategy) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the text form.
func (s *Strategy) UnmarshalText(text []byte) error {
	for _, known := range Strategies() {
		if known.String() == string(text) {
			*s = known
			return nil
		}
	}
	return fmt.Errorf("strategy %q: want one of %s", text, names())
}

func names() string {
	var all []string
	for _, s := range Strategies() {
		all = append(all, s.String())
	}
	return strings.Join(all, ", ")
}

// width is the number of columns of a window.
func (s Strategy) width() int {
	if s.Wide {
		return sparse.WideWindow
	}
	return sparse.NarrowWindow
}

// PackBlock packs a matrix for a strategy of Block with float32 weights.
func (s Strategy) PackBlock(m *sparse.Matrix) (sparse.Panel, error) {
	panels := s.panels([]*sparse.Matrix{m})
	switch {
	case s.Wide:
		return sparse.PackWideBlock(m)
	case len(panels) > 1:
		return sparse.PackBlockPanels(m, panels, s.Height)
	}
	return sparse.PackBlock(m, s.Height)
}

// PackWindow packs a matrix for a strategy of Window, of one panel of columns or
// several.
func (s Strategy) PackWindow(m *sparse.Matrix) (sparse.Panel, error) {
	panels := s.panels([]*sparse.Matrix{m})
	switch {
	case len(panels) > 1:
		return sparse.PackWindowPanels(m, panels, s.Index, s.width())
	case s.Wide:
		return sparse.PackWideWindow(m)
	}
	return sparse.PackWindow(m, s.Index)
}

// PackChunk packs a matrix for a strategy of Chunk or ChunkUnrolled, which run the
// same steps.
func (s Strategy) PackChunk(m *sparse.Matrix) (sparse.Panel, error) {
	if s.Index != sparse.Fixed {
		return sparse.PackChunk(m), nil
	}
	if panels := sparse.FixedChunkPanels(m); len(panels) > 1 {
		return sparse.PackFixedChunkPanels(m, panels)
	}
	return sparse.PackFixedChunk(m)
}

// holds is why the weights of a matrix do not fit into the strategy's words, nil
// when they do.
func (s Strategy) holds(m *sparse.Matrix) error {
	if s.Kernel == Copies {
		_, err := sparse.PackWindowCopies(m)
		return err
	}
	_, err := s.PackWindow(m)
	return err
}

// rounding is how far a float32 strategy that is not exact moves weights, in words.
const rounding = "2^-21"

// panels are the panels of columns of matrices that are packed together.
func (s Strategy) panels(blocks []*sparse.Matrix) []sparse.Span {
	switch {
	case s.Weights != sparse.Float32:
	case s.Kernel == Window:
		return sparse.WindowPanels(blocks, s.width())
	case s.Kernel == Block && !s.Wide:
		return sparse.BlockPanels(blocks, s.Height)
	}
	return []sparse.Span{{From: 0, To: blocks[0].Cols}}
}

// SamePacking reports whether two strategies read the same packed matrix.
func (s Strategy) SamePacking(t Strategy) bool {
	stream := func(s Strategy) Strategy {
		if s.Kernel == ChunkUnrolled {
			s.Kernel = Chunk
		}
		return s
	}
	return stream(s) == stream(t)
}

// matches reports whether the strategy is one that the name asks for: its own
// name, or block or window for any of the family; wide windows alone
// go by window16 too.
func (s Strategy) matches(name string) bool {
	text := s.String()
	family, _, _ := strings.Cut(text, "/")
	return text == name || family == name || name == "block" && s.Kernel == Block || name == "window" && s.Kernel == Window
}
