package sparse

import (
	"fmt"
	"iter"
	"strconv"
	"strings"
)

// Kind is a family of patterns.
type Kind uint8

const (
	KindElement Kind = iota // any weight may be pruned
	KindBlock               // R×C blocks are pruned whole
	KindLane                // lane-balanced: rows of an R×C cell keep equally many
	KindDense               // nothing is pruned
	KindSlide               // lane-balanced over windows at any column
)

// maxSide bounds the sides of a cell: beyond it a pattern is a slip.
const maxSide = 1 << 16

// Pattern is the rule that a mask follows. The zero value is the element-wise
// pattern, which every mask follows.
//
// Block and lane patterns divide each [Span] of rows in groups of R consecutive
// rows, and the columns in aligned chunks of C; the last group of a span and
// the last chunk of a row are smaller where R or C does not divide. A group
// and a chunk make a cell. In a block pattern a cell is kept or pruned whole.
// In a lane pattern each row of a cell keeps the same number of weights, any
// of the row, so that a kernel with a row in each lane finds a weight for all
// of them in every step.
//
// In a slide pattern each group of rows has windows of C columns, of any number
// and at any column, and each window keeps one weight of every row: what a kernel
// of sliding windows needs, so that more is kept than by aligned chunks at as
// many steps.
type Pattern struct {
	Kind Kind
	R, C int // sides of a cell or window, for blocks, lanes and slides only
}

// ParsePattern reads a pattern's name: "dense", "element" (also "unstructured"
// and "iid"), "block8x1" or another R×C, "lane8x8" or another R×C, "slide8x8" or
// another R×C.
func ParsePattern(name string) (Pattern, error) {
	switch name {
	case "element", "unstructured", "iid":
		return Pattern{}, nil
	case "dense":
		return Pattern{Kind: KindDense}, nil
	}
	if sides, ok := strings.CutPrefix(name, "block"); ok {
		return parseSides(KindBlock, name, sides)
	}
	if sides, ok := strings.CutPrefix(name, "lane"); ok {
		return parseSides(KindLane, name, sides)
	}
	if sides, ok := strings.CutPrefix(name, "slide"); ok {
		return parseSides(KindSlide, name, sides)
	}
	return Pattern{}, fmt.Errorf("pattern %q: want element, dense, blockRxC, laneRxC or slideRxC", name)
}

func parseSides(kind Kind, name, sides string) (Pattern, error) {
	r, c, _ := strings.Cut(sides, "x")
	p := Pattern{Kind: kind}
	p.R, _ = strconv.Atoi(r)
	p.C, _ = strconv.Atoi(c)
	if err := p.Validate(); err != nil || p.String() != name {
		return Pattern{}, fmt.Errorf("pattern %q: want two sides of 1 to %d, as in block8x1 or lane8x8", name, maxSide)
	}
	return p, nil
}

// String is the name that [ParsePattern] reads.
func (p Pattern) String() string {
	switch p.Kind {
	case KindElement:
		return "element"
	case KindDense:
		return "dense"
	case KindBlock:
		return fmt.Sprintf("block%dx%d", p.R, p.C)
	case KindLane:
		return fmt.Sprintf("lane%dx%d", p.R, p.C)
	case KindSlide:
		return fmt.Sprintf("slide%dx%d", p.R, p.C)
	}
	return fmt.Sprintf("Kind(%d)", uint8(p.Kind))
}

// Validate reports a pattern that [ParsePattern] could not have returned.
func (p Pattern) Validate() error {
	switch p.Kind {
	case KindElement, KindDense:
		if p.R != 0 || p.C != 0 {
			return fmt.Errorf("pattern %v: has sides %d×%d, want none", p, p.R, p.C)
		}
	case KindBlock, KindLane, KindSlide:
		if p.R < 1 || p.C < 1 || p.R > maxSide || p.C > maxSide {
			return fmt.Errorf("pattern %v: want sides of 1 to %d", p, maxSide)
		}
	default:
		return fmt.Errorf("pattern %v: no such kind", p)
	}
	return nil
}

// MarshalText is the pattern's name.
func (p Pattern) MarshalText() ([]byte, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	return []byte(p.String()), nil
}

// UnmarshalText reads a pattern's name.
func (p *Pattern) UnmarshalText(text []byte) error {
	parsed, err := ParsePattern(string(text))
	if err == nil {
		*p = parsed
	}
	return err
}

// Cells yields the rows and columns of every cell of a block or lane pattern, or
// of the aligned windows of a slide pattern, in the given spans of rows, or in
// all of them as one span where none are given. It panics for a pattern without
// sides.
func (p Pattern) Cells(rows, cols int, spans ...Span) iter.Seq2[Span, Span] {
	if p.R < 1 || p.C < 1 {
		panic(fmt.Sprintf("sparse: cells of pattern %v", p))
	}
	return func(yield func(rows, cols Span) bool) {
		for c := range p.cells(cols, wholeUnless(spans, rows)) {
			if !yield(c.rows, c.cols) {
				return
			}
		}
	}
}

// cell is a group of rows and a chunk of columns.
type cell struct{ rows, cols Span }

func (c cell) size() int { return c.rows.Len() * c.cols.Len() }

// cells yields the cells of a block or lane pattern, group by group.
func (p Pattern) cells(cols int, spans []Span) iter.Seq[cell] {
	return func(yield func(cell) bool) {
		for _, span := range spans {
			for r := span.From; r < span.To; r += p.R {
				rows := Span{r, min(r+p.R, span.To)}
				for c := 0; c < cols; c += p.C {
					if !yield(cell{rows, Span{c, min(c+p.C, cols)}}) {
						return
					}
				}
			}
		}
	}
}
