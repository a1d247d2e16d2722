package sparse

import (
	"fmt"
	"slices"
)

// windowQuad is the number of steps that a window kernel takes at a time, windowPair
// that of which the Fixed form has a whole number in each group.
const (
	windowQuad = 4
	windowPair = 2
)

// NarrowWindow and WideWindow are the columns of a window: those that one
// permute of 8 lanes reaches, and two with a blend. Wide windows cost more a
// step and find more weights in it.
const (
	NarrowWindow = lanes
	WideWindow   = 2 * lanes
)

// Window is a matrix packed for the sliding-window permute: rows in groups of
// 8, one a lane; a step is a window of 8 or 16 columns at any base, and 8 words,
// each a weight together with the place inside the window of the element of
// src that it multiplies. Lanes that find no weight in the window hold the
// word 0: weight 0, place 0.
//
// Steps of a group are padded to a multiple of 4, in the Fixed form of 2, by steps of
// zero words at the base of the last step. Because of idle lanes, a row multiplies 0
// by elements of src that it has no weight for, less than a window's width before a
// weight of its group: an infinity or NaN in src reaches every row that has a weight
// for it, but others of the group too. No element behind the last column is
// multiplied, though [Window.Reach] of them are read.
type Window struct {
	rows, cols, nnz int
	width           int // columns of a window
	form            IndexForm
	scale           float32 // of Exponent and Mantissa: decoded weights are w/scale

	words  uint32s  // [step][8]; see wordCode
	scales float32s // of Fixed: [row] decoded weights are w/scale
	bases  uint16s  // [step]
	counts uint32s  // [group] quadruples of steps; of Fixed: the number of steps, and 1 if the group is shifted
	starts []int    // [group] first step; one more at the end
}

// PackWindow packs a matrix of at most 65,536 columns whose weights are zero or
// normal float32. Rows are padded to a multiple of 8. In the Exponent form the
// weights must further lie within a range of 2^31, and below 2^32; in the Fixed
// form it is the weights of each row that must.
func PackWindow(m *Matrix, form IndexForm) (*Window, error) {
	return packWindow(m, form, NarrowWindow)
}

// PackWideWindow is like [PackWindow] for windows of 16 columns, in the Exponent
// form, whose weights must lie within a range of 2^15, and below 2^16.
func PackWideWindow(m *Matrix) (*Window, error) {
	return packWindow(m, Exponent, WideWindow)
}

func packWindow(m *Matrix, form IndexForm, width int) (*Window, error) {
	if m.Cols > 1<<16 {
		return nil, fmt.Errorf("%d columns: want at most 65536, which 16-bit window bases reach", m.Cols)
	}
	codes, err := newGroupCodes(m, form, width)
	if err != nil {
		return nil, err
	}
	w := &Window{rows: roundUp(m.Rows, lanes), cols: m.Cols, nnz: m.NNZ(), width: width, form: form, scale: codes.shared.scale()}
	var group rowGroup
	for first := 0; first < w.rows; first += lanes {
		group.load(m, first)
		steps := slices.Collect(group.steps(width))
		code, err := codes.group(first, steps)
		if err != nil {
			return nil, err
		}
		w.packGroup(m, first, steps, code)
	}
	w.starts = append(w.starts, w.bases.len())
	return w, nil
}

// packGroup appends the steps of the group of rows that begins at first.
func (w *Window) packGroup(m *Matrix, first int, steps []windowStep, code groupCode) {
	w.starts = append(w.starts, w.bases.len())
	for _, step := range steps {
		w.bases.append(uint16(step.base))
		for lane, c := range step.columns {
			w.words.append(code[lane].word(m, first+lane, c, step.base))
		}
	}
	padded := roundUp(len(steps), windowUnit(w.form))
	for range padded - len(steps) {
		w.bases.append(uint16(steps[len(steps)-1].base))
		w.words = append(w.words, make([]byte, 4*lanes)...)
	}
	if w.form != Fixed {
		w.counts.append(uint32(padded / windowQuad))
		return
	}
	count := uint32(padded)
	if code.shifted() {
		count |= 1
	}
	w.counts.append(count)
	for _, c := range code {
		w.scales.append(c.scale())
	}
}

// windowUnit is the number of steps of which a group has a multiple.
func windowUnit(form IndexForm) int {
	if form == Fixed {
		return windowPair
	}
	return windowQuad
}

// Width is the number of columns of a window, [NarrowWindow] or [WideWindow].
func (w *Window) Width() int { return w.width }

// Reach is the number of elements behind the last column of src that a kernel
// may read.
func (w *Window) Reach() int { return w.width - 1 }

// Form says where the index is inside a word.
func (w *Window) Form() IndexForm { return w.form }

// Scale is what sums of decoded weights are multiplied by: a power of two for
// Exponent, 1 for Mantissa. In the Fixed form each row has its own, see
// [Window.RowScale].
func (w *Window) Scale() float32 { return w.scale }

// RowScale is what the sum of a row's decoded weights is multiplied by.
func (w *Window) RowScale(r int) float32 {
	if w.form == Fixed {
		return w.scales.at(r)
	}
	return w.scale
}

// Decoding says in which form the words of group g are: Fixed, or Exponent for
// groups that the Fixed form cannot hold.
func (w *Window) Decoding(g int) IndexForm {
	if w.form == Fixed && w.counts.at(g)&1 != 0 {
		return Exponent
	}
	return w.form
}

// Rows is the number of rows with padding, a multiple of 8.
func (w *Window) Rows() int { return w.rows }

// Cols is the number of columns.
func (w *Window) Cols() int { return w.cols }

// NNZ is the number of weights that are not exactly zero.
func (w *Window) NNZ() int { return w.nnz }

// Steps is the number of steps with padding.
func (w *Window) Steps() int { return w.bases.len() }

// Sections are "words" (uint32, 8 a step), in the Fixed form "scales" (float32,
// one a row), "bases" (uint16, one a step) and "counts" (uint32, quadruples of
// steps in each group; in the Fixed form their number, an even one, plus 1 if the
// group's words are in the Exponent form).
func (w *Window) Sections() []Section {
	if w.form == Fixed {
		return []Section{{"words", w.words}, {"scales", w.scales}, {"bases", w.bases}, {"counts", w.counts}}
	}
	return []Section{{"words", w.words}, {"bases", w.bases}, {"counts", w.counts}}
}

// Granule is the number of 8-row groups between places where the matrix can be
// cut.
func (w *Window) Granule() int { return 1 }

// Start is the number of steps before group g, padding included.
func (w *Window) Start(g int) int { return w.starts[g] }

// Base is the first column of the window of a step.
func (w *Window) Base(step int) int { return int(w.bases.at(step)) }

// Bytes is the number of bytes that a kernel reads for a range of groups.
func (w *Window) Bytes(from, to int) int {
	return (w.Start(to)-w.Start(from))*(4*lanes+2) + 4*(to-from) + len(w.scales)/w.rows*lanes*(to-from)
}

// MulAdd computes dst = init + W·src. The steps of a group are added to accumulators
// 0 to 3 in turns, the last one to 3; the sum is (a0+a1)+(a2+a3), multiplied by the
// scale and added to init in one rounding.
func (w *Window) MulAdd(dst, init, src []float32) {
	for r := range w.rows {
		g, lane := r/lanes, r%lanes
		form := w.Decoding(g)
		var acc [windowQuad]float32
		for k := w.Start(g); k < w.Start(g+1); k++ {
			word, a := w.words.at(lanes*k+lane), windowQuad-1-(w.Start(g+1)-1-k)%windowQuad
			acc[a] = fma(decodeWord(word, form, w.width), src[w.Base(k)+decodePlace(word, w.width)], acc[a])
		}
		dst[r] = fma((acc[0]+acc[1])+(acc[2]+acc[3]), w.RowScale(r), init[r])
	}
}

// Unpack is the matrix of the weights as stored, with its padded rows: in the
// Mantissa form they differ from the packed ones.
func (w *Window) Unpack() *Matrix {
	m := NewMatrix(w.rows, w.cols)
	w.each(func(row, column int, v float32) { m.Row(row)[column] = v })
	return m
}

// each yields the weights as stored, which are not zero.
func (w *Window) each(yield func(row, column int, v float32)) {
	for g := range w.counts.len() {
		form := w.Decoding(g)
		for k := w.Start(g); k < w.Start(g+1); k++ {
			for lane := range lanes {
				word, r := w.words.at(lanes*k+lane), lanes*g+lane
				if v := decodeWord(word, form, w.width); v != 0 {
					// The product is exact, but its factors need float64.
					yield(r, w.Base(k)+decodePlace(word, w.width), float32(float64(v)*float64(w.RowScale(r))))
				}
			}
		}
	}
}
