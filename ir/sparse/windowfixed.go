package sparse

import (
	"math"
	"slices"
)

// fixedBits is the exponent of the largest weight of a row in the Fixed form.
const fixedBits = 30

// fixed is the word of the Fixed form for a weight of the row: the integer with
// the index in its low bits that is nearest to the scaled weight, at most half a
// window away. As a float32 it is rounded to 24 bits, which gives back the weight
// where they count in units of two windows or more: of three bits of index from
// 2^27 on, and for most indices from 2^26. Of smaller weights some have the right
// index by chance.
func (c wordCode) fixed(w float32, index uint32) uint32 {
	v := int64(math.RoundToEven(math.Ldexp(float64(w), fixedBits+127-c.shift)))
	period := int64(c.width)
	d := (int64(index) - v) & (period - 1)
	if d > period/2 {
		d -= period
	}
	return uint32(v + d)
}

// holds reports whether the word of a weight decodes to it.
func (c wordCode) holds(w float32, index uint32) bool {
	const sure = 3 // binades below that of the largest weight, in windows of 8
	if c.form != Fixed || c.width == NarrowWindow && c.shift > fixedBits && biasedExponent(w) >= c.shift-sure {
		return true
	}
	return float64(decodeWord(c.encode(w, index), Fixed, c.width))*float64(c.scale()) == float64(w)
}

// groupCode has a code for each row of a group.
type groupCode [lanes]wordCode

// shifted reports whether words are in the Exponent form.
func (g groupCode) shifted() bool { return g[0].form == Exponent }

// groupCodes chooses the code of each group of a matrix. In the Fixed form rows
// have codes of their own, and a group with a weight that the form cannot hold
// falls back to the Exponent form; in the others all rows share one.
type groupCodes struct {
	m      *Matrix
	form   IndexForm
	width  int
	shared wordCode
}

func newGroupCodes(m *Matrix, form IndexForm, width int) (*groupCodes, error) {
	shared, err := newWordCode(m, form, width)
	return &groupCodes{m, form, width, shared}, err
}

// group is the code of the group that begins at row first and has these steps.
func (c *groupCodes) group(first int, steps []windowStep) (groupCode, error) {
	var code groupCode
	for lane := range code {
		code[lane] = c.shared
	}
	if c.form != Fixed {
		return code, nil
	}
	code, err := c.rows(first, Fixed)
	if err == nil && !code.hold(c.m, first, steps) {
		return c.rows(first, Exponent)
	}
	return code, err
}

// rows gives each row of a group a code of its own.
func (c *groupCodes) rows(first int, form IndexForm) (groupCode, error) {
	var code groupCode
	for lane := range code {
		row := min(first+lane, c.m.Rows) // behind the last one: no weights
		low, high, err := exponents(c.m, row, min(row+1, c.m.Rows), form, c.width)
		if err != nil {
			return code, err
		}
		if code[lane], err = codeBetween(low, high, form, c.width); err != nil {
			return code, err
		}
	}
	return code, nil
}

// hold reports whether all weights of a group decode to themselves.
func (g groupCode) hold(m *Matrix, first int, steps []windowStep) bool {
	for _, s := range steps {
		for lane, c := range s.columns {
			if c >= 0 && !g[lane].holds(m.Row(first + lane)[c], uint32(c-s.base)) {
				return false
			}
		}
	}
	return true
}

// ShiftedSteps counts, of the steps with padding that [WindowSteps] counts in narrow
// windows of the Fixed form, those of groups that it cannot hold.
func ShiftedSteps(m *Matrix) int {
	steps := 0
	codes := &groupCodes{m: m, form: Fixed, width: NarrowWindow}
	var group rowGroup
	for first := 0; first < m.Rows; first += lanes {
		group.load(m, first)
		taken := slices.Collect(group.steps(NarrowWindow))
		if code, err := codes.rows(first, Fixed); err != nil || !code.hold(m, first, taken) {
			steps += roundUp(len(taken), windowPair)
		}
	}
	return steps
}
