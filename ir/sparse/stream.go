package sparse

import (
	"cmp"
	"fmt"
	"slices"
)

// MaxStreamLanes is the largest number of vectors that a [Stream] can be packed
// for: as many as have accumulators in the register file.
const MaxStreamLanes = 4 * lanes

// Stream is a matrix packed for several vectors in lockstep, lanes over the
// vectors: src and dst hold, element after element, one float32 of every vector,
// so that one weight multiplies whole registers and every lane is useful
// whatever the pattern.
//
// Rows are cut in bands, the parts that one call computes, and columns in
// panels, whose part of src stays in the nearest cache while the rows of a band
// pass over it. In a tile, which is a band and a panel, rows are sorted by their
// number of weights, and runs of equal rows say how many: loops of a constant
// length are predicted. Rows without a weight appear in the first panel only.
type Stream struct {
	rows, cols, nnz int
	lanes           int
	band            int // rows

	weights float32s // row by row in the order of a tile
	offsets uint16s  // of the column in its panel, in pairs of float32 of src: column·lanes/2
	ids     uint16s  // [row of a tile] row of the band
	runs    uint32s  // [run of a tile] quadruples and single weights of a row, rows; then three zeros
	tiles   []StreamTile
}

// StreamTile is where the parts of a tile begin, in elements.
type StreamTile struct {
	Row, Rows             int // band
	Column                int // first of the panel
	Weights, IDs, Runs    int
	Count, IDCount, Words int // weights, rows and words of runs
}

const (
	// streamPanel is the size in bytes of a panel's part of src: three quarters
	// of a small first-level cache. It doubles where weights are so few that
	// passing over dst once more costs as much.
	streamPanel   = 24 << 10
	streamSparse  = 0.07
	streamRunSize = 3
	// streamBand is the number of bytes of weights that a band aims at.
	streamBand = 512 << 10
	// streamMaxRows is what the row numbers of a band can count.
	streamMaxRows = 1 << 15
)

// PackStream packs a matrix of any content for as many vectors, a multiple of 8
// up to [MaxStreamLanes]. Rows are padded to a multiple of 8.
func PackStream(m *Matrix, vectors int) (*Stream, error) {
	if vectors%lanes != 0 || vectors < lanes || vectors > MaxStreamLanes {
		return nil, fmt.Errorf("%d vectors in lockstep: want a multiple of %d up to %d", vectors, lanes, MaxStreamLanes)
	}
	s := &Stream{rows: roundUp(m.Rows, lanes), cols: m.Cols, nnz: m.NNZ(), lanes: vectors}
	density := float64(s.nnz) / float64(max(1, m.Rows*m.Cols))
	panel := streamPanel / (4 * vectors)
	if density < streamSparse {
		panel *= 2
	}
	panel = evenParts(m.Cols, panel)
	bytesPerRow := max(1, s.nnz*streamWeightBytes/s.rows)
	s.band = roundUp(evenParts(s.rows, min(streamMaxRows, max(2*lanes, streamBand/bytesPerRow))), 2*lanes)
	for row := 0; row < s.rows; row += s.band {
		for column := 0; column < m.Cols; column += panel {
			s.packTile(m, StreamTile{Row: row, Rows: min(s.band, s.rows-row), Column: column}, min(panel, m.Cols-column))
		}
	}
	return s, nil
}

// streamWeightBytes is what a weight takes in the stream, its offset included.
const streamWeightBytes = 4 + 2

// evenParts is the size of the parts when n is cut in as few as parts of at most
// size allow, as equal as possible.
func evenParts(n, size int) int {
	parts := max(1, (n+size-1)/size)
	return max(1, (n+parts-1)/parts)
}

// packTile appends the rows of a tile that have weights in its panel.
func (s *Stream) packTile(m *Matrix, t StreamTile, width int) {
	t.Weights, t.IDs, t.Runs = s.offsets.len(), s.ids.len(), s.runs.len()
	columns := make([][]int, t.Rows)
	order := make([]int, 0, t.Rows)
	for id := range columns {
		if r := t.Row + id; r < m.Rows {
			for c, w := range m.Row(r)[t.Column : t.Column+width] {
				if w != 0 {
					columns[id] = append(columns[id], c)
				}
			}
		}
		if len(columns[id]) > 0 || t.Column == 0 {
			order = append(order, id)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(len(columns[b]), len(columns[a])) })
	for i := 0; i < len(order); {
		length, first := len(columns[order[i]]), i
		for ; i < len(order) && len(columns[order[i]]) == length; i++ {
			s.ids.append(uint16(order[i]))
			for _, c := range columns[order[i]] {
				s.offsets.append(uint16(c * s.lanes / 2))
				s.weights.append(m.Row(t.Row + order[i])[t.Column+c])
			}
		}
		s.runs.append(uint32(length / 4))
		s.runs.append(uint32(length % 4))
		s.runs.append(uint32(i - first))
	}
	for range streamRunSize {
		s.runs.append(0)
	}
	t.Count, t.IDCount, t.Words = s.offsets.len()-t.Weights, len(order), s.runs.len()-t.Runs
	if t.IDCount > 0 {
		s.tiles = append(s.tiles, t)
	}
}

// Lanes is the number of vectors.
func (s *Stream) Lanes() int { return s.lanes }

// Rows is the number of rows with padding, a multiple of 8.
func (s *Stream) Rows() int { return s.rows }

// Cols is the number of columns.
func (s *Stream) Cols() int { return s.cols }

// NNZ is the number of weights that are not exactly zero.
func (s *Stream) NNZ() int { return s.nnz }

// Steps is the number of multiply-adds of 8 lanes.
func (s *Stream) Steps() int { return s.nnz * s.lanes / lanes }

// Sections are "weights" (float32) and "offsets" (uint16), one for each weight,
// "ids" (uint16, one for each row of a tile) and "runs" (uint32).
func (s *Stream) Sections() []Section {
	return []Section{{"weights", s.weights}, {"offsets", s.offsets}, {"ids", s.ids}, {"runs", s.runs}}
}

// Granule is the number of 8-row groups of a band.
func (s *Stream) Granule() int { return s.band / lanes }

// Bytes is the number of bytes that a kernel reads for a range of groups.
func (s *Stream) Bytes(from, to int) int {
	n := 0
	for _, t := range s.Tiles(from, to) {
		n += t.Count*streamWeightBytes + 2*t.IDCount + 4*t.Words
	}
	return n
}

// Tiles are those of the bands in a range of 8-row groups, in the order in which
// they are computed: all panels of a band from the left, then the next band.
func (s *Stream) Tiles(from, to int) []StreamTile {
	var tiles []StreamTile
	for _, t := range s.tiles {
		if t.Row >= lanes*from && t.Row < lanes*to {
			tiles = append(tiles, t)
		}
	}
	return tiles
}

// StreamChains is the number of accumulators that a row has in each register of
// 8 vectors: enough to hide the latency of the multiply-add.
func StreamChains(vectors int) int {
	if vectors <= 2*lanes {
		return 4
	}
	return 2
}

// MulAdd computes dst = init + W·src for one of the vectors. In each tile the
// first accumulator begins with init, or with what the panels before left in
// dst; weight k of a row is added to accumulator k mod [StreamChains], and they
// are added pairwise.
func (s *Stream) MulAdd(dst, init, src []float32) {
	chains := StreamChains(s.lanes)
	for _, t := range s.tiles {
		k := t.Weights
		row := 0
		for run := t.Runs; s.runs.at(run+2) > 0; run += streamRunSize {
			for range s.runs.at(run + 2) {
				r := t.Row + int(s.ids.at(t.IDs+row))
				row++
				var acc [4]float32
				acc[0] = init[r]
				if t.Column > 0 {
					acc[0] = dst[r]
				}
				for i := range 4*s.runs.at(run) + s.runs.at(run+1) {
					a := int(i) % chains
					acc[a] = fma(s.weights.at(k), src[t.Column+s.column(k)], acc[a])
					k++
				}
				dst[r] = acc[0] + acc[1]
				if chains == 4 {
					dst[r] += acc[2] + acc[3]
				}
			}
		}
	}
}

// column is the column in its panel of weight k.
func (s *Stream) column(k int) int { return int(s.offsets.at(k)) * 2 / s.lanes }

// Unpack is the matrix with its padded rows.
func (s *Stream) Unpack() *Matrix {
	m := NewMatrix(s.rows, s.cols)
	for _, t := range s.tiles {
		k, row := t.Weights, 0
		for run := t.Runs; s.runs.at(run+2) > 0; run += streamRunSize {
			for range s.runs.at(run + 2) {
				r := t.Row + int(s.ids.at(t.IDs+row))
				row++
				for range 4*s.runs.at(run) + s.runs.at(run+1) {
					m.Row(r)[t.Column+s.column(k)] = s.weights.at(k)
					k++
				}
			}
		}
	}
	return m
}
