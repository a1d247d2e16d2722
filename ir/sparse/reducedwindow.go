package sparse

import (
	"fmt"
	"math"
)

// ReducedWindow is a matrix packed for the sliding-window permute, as [Window]
// is, with weights of fewer bits than float32.
//
// Windows have 8 columns, and steps are those of a [Window]: lanes that find no
// weight in the window have weight 0 and place 0, and a group is padded to a
// multiple of 4 steps by such.
//
// Fixed16 weights have 13 bits: an integer of 16 bits whose low three are the
// place stands for the weight as a whole, so it is the nearest one to the
// weight that has these bits, and needs no masking. Two steps share a word,
// which saves the kernel a load: the first step's integer lies in the low half,
// and sums of the first steps count 2^16 times until the end.
//
// Float16 and Int8 weights leave no room: places are in an array of their own,
// 12 bits for each lane of four steps.
type ReducedWindow struct {
	rows, cols, nnz int

	words   uint32s     // of Fixed16: [step/2][8]
	weights weightArray // of Float16 and Int8: [step][8]
	places  uint16s     // of Float16 and Int8: [step/4][8], three bits a step, the first lowest
	bases   uint16s     // [step]
	counts  uint32s     // [group] quadruples of steps
	starts  []int       // [group] first quadruple; one more at the end
}

// PackReducedWindow packs a matrix of at most 65,536 columns with finite weights
// in a precision other than Float32. Rows are padded to a multiple of 8.
func PackReducedWindow(precision Precision, m *Matrix) (*ReducedWindow, error) {
	if precision == Float32 {
		return nil, fmt.Errorf("reduced windows hold %s, %s and %s weights, not %s", Fixed16, Float16, Int8, precision)
	}
	if m.Cols > 1<<16 {
		return nil, fmt.Errorf("%d columns: want at most 65536, which 16-bit window bases reach", m.Cols)
	}
	w := &ReducedWindow{rows: roundUp(m.Rows, lanes), cols: m.Cols, nnz: m.NNZ()}
	var err error
	if w.weights, err = newWeightArray(m, precision, w.rows); err != nil {
		return nil, err
	}
	var group rowGroup
	for first := 0; first < w.rows; first += lanes {
		group.load(m, first)
		w.packGroup(m, &group)
	}
	w.starts = append(w.starts, w.bases.len()/windowQuad)
	return w, nil
}

// packGroup appends the steps of a group of rows.
func (w *ReducedWindow) packGroup(m *Matrix, group *rowGroup) {
	first := w.bases.len()
	w.starts = append(w.starts, first/windowQuad)
	step, base := first, 0
	for s := range group.steps(NarrowWindow) {
		base = s.base
		w.growTo(step+1, base)
		for lane, c := range s.columns {
			if c >= 0 {
				row := group.first + lane
				w.put(step, lane, m.Row(row)[c], row, c-base)
			}
		}
		step++
	}
	w.growTo(roundUp(step, windowQuad), base)
	w.counts.append(uint32((w.bases.len() - first) / windowQuad))
}

// growTo appends idle steps; the arrays that hold several steps in an element
// grow by whole quadruples.
func (w *ReducedWindow) growTo(steps, base int) {
	for w.bases.len() < steps {
		if w.bases.len()%windowQuad == 0 {
			if w.Precision() == Fixed16 {
				w.words = append(w.words, make([]byte, windowQuad/2*lanes*4)...)
			} else {
				w.weights.grow(windowQuad * lanes)
				w.places = append(w.places, make([]byte, lanes*2)...)
			}
		}
		w.bases.append(uint16(base))
	}
}

// put stores the weight of a row in a lane of an idle step.
func (w *ReducedWindow) put(step, lane int, weight float32, row, place int) {
	if w.Precision() == Fixed16 {
		scaled := float64(weight) / float64(w.weights.scale(row))
		// The nearest integer with the place in the low bits.
		integer := uint16(int16(8*math.RoundToEven((scaled-float64(place))/8)) + int16(place))
		w.words.or(step/2*lanes+lane, uint32(integer)<<(step%2*16))
		return
	}
	w.weights.set(step*lanes+lane, weight, row)
	w.places.or(step/windowQuad*lanes+lane, uint16(place)<<(step%windowQuad*3))
}

// at is the stored weight in a lane of a step, before scaling, and its place.
func (w *ReducedWindow) at(step, lane int) (weight float32, place int) {
	if w.Precision() == Fixed16 {
		integer := int16(w.words.at(step/2*lanes+lane) >> (step % 2 * 16))
		return float32(integer), int(integer & 7)
	}
	place = int(w.places.at(step/windowQuad*lanes+lane) >> (step % windowQuad * 3) & 7)
	return w.weights.at(step*lanes + lane), place
}

// Precision is how weights are stored.
func (w *ReducedWindow) Precision() Precision { return w.weights.precision }

// Reach is the number of elements behind the last column of src that a kernel
// may read.
func (w *ReducedWindow) Reach() int { return NarrowWindow - 1 }

// Rows is the number of rows with padding, a multiple of 8.
func (w *ReducedWindow) Rows() int { return w.rows }

// Cols is the number of columns.
func (w *ReducedWindow) Cols() int { return w.cols }

// NNZ is the number of weights that were not exactly zero before they were
// rounded.
func (w *ReducedWindow) NNZ() int { return w.nnz }

// Steps is the number of steps with padding.
func (w *ReducedWindow) Steps() int { return w.bases.len() }

// Sections are, for Fixed16, "words" (uint32, 8 for two steps), else "halves"
// (float16) or "bytes" (int8), 8 a step, and "places" (uint16, 8 for four
// steps); then "bases" (uint16, one a step), "counts" (uint32, quadruples of
// steps in each group) and "scales" (float32, one a row).
func (w *ReducedWindow) Sections() []Section {
	list := []Section{{"words", w.words}}
	if w.Precision() != Fixed16 {
		list = []Section{w.weights.section(), {"places", w.places}}
	}
	list = append(list, Section{"bases", w.bases}, Section{"counts", w.counts})
	return append(list, w.weights.scaleSections()...)
}

// Granule is the number of 8-row groups between places where the matrix can be
// cut.
func (w *ReducedWindow) Granule() int { return 1 }

// Start is the number of steps before group g, padding included.
func (w *ReducedWindow) Start(g int) int { return windowQuad * w.starts[g] }

// Base is the first column of the window of a step.
func (w *ReducedWindow) Base(step int) int { return int(w.bases.at(step)) }

// Bytes is the number of bytes that a kernel reads for a range of groups.
func (w *ReducedWindow) Bytes(from, to int) int {
	return (w.Start(to)-w.Start(from))*w.Precision().WindowStepBytes() + (4+4*lanes)*(to-from)
}

// WindowStepBytes is the number of bytes of weights, places and bases that a
// step of windows of 8 columns takes.
func (p Precision) WindowStepBytes() int {
	const base = 2
	if p == Float16 || p == Int8 {
		return lanes*p.Bytes() + lanes*2/windowQuad + base
	}
	return lanes*p.Bytes() + base
}

// MulAdd computes dst = init + W·src. Step k of a group is added to accumulator
// k mod 4. The sum is (a0+a1)+(a2+a3) or, for Fixed16, where a0 and a2 are 2^16
// times too large, 2^-16·(a0+a2)+(a1+a3) in one rounding; it is scaled and added
// to init in one rounding.
//
// In Fixed16 an element of src of more than 2^97 may overflow.
func (w *ReducedWindow) MulAdd(dst, init, src []float32) {
	for r := range w.rows {
		g, lane := r/lanes, r%lanes
		var acc [windowQuad]float32
		for k := w.Start(g); k < w.Start(g+1); k++ {
			weight, place := w.at(k, lane)
			if w.Precision() == Fixed16 && k%2 == 0 {
				weight *= 1 << 16
			}
			acc[k%windowQuad] = fma(weight, src[w.Base(k)+place], acc[k%windowQuad])
		}
		sum := (acc[0] + acc[1]) + (acc[2] + acc[3])
		if w.Precision() == Fixed16 {
			sum = fma(acc[0]+acc[2], 0x1p-16, acc[1]+acc[3])
		}
		dst[r] = fma(sum, w.weights.scale(r), init[r])
	}
}

// Unpack is the matrix of the weights as stored, with its padded rows.
func (w *ReducedWindow) Unpack() *Matrix {
	m := NewMatrix(w.rows, w.cols)
	for r := range w.rows {
		g, lane := r/lanes, r%lanes
		for k := w.Start(g); k < w.Start(g+1); k++ {
			if weight, place := w.at(k, lane); weight != 0 {
				// The product is a float32, but its factors need float64.
				m.Row(r)[w.Base(k)+place] = float32(float64(weight) * float64(w.weights.scale(r)))
			}
		}
	}
	return m
}
