package lower

import (
	"fmt"

	"github.com/sparsec/sparsec/ir/kernel"
)

// constKey is what a constant is made of, whatever the names of tensors: one
// tensor, its rows [from, to) in gate blocks of blockRows, the sum with another,
// or blockRows zeros.
type constKey struct {
	tensor, plus        string
	from, to, blockRows int
}

// constant adds a constant once and returns its number.
func (l *lowerer) constant(key constKey, name string, rows, cols int, data []float32) int {
	if i, ok := l.consts[key]; ok {
		return i
	}
	l.consts[key] = len(l.p.Consts)
	l.p.Consts = append(l.p.Consts, kernel.Const{Name: name, Rows: rows, Cols: cols, Data: padRows(data, rows, cols)})
	return l.consts[key]
}

// vector is a constant of one row.
func (l *lowerer) vector(key constKey, name string, data []float32) int {
	return l.constant(key, name, 1, len(data), data)
}

// bias is the start of the sums of a product: rows [from, to) of a tensor as
// gate blocks of blockRows rows, each padded with zeros. Without a tensor it is
// zeros.
func (l *lowerer) bias(tensor string, from, to, blockRows int) kernel.Ref {
	blocks := (to - from) / blockRows
	if tensor == "" {
		n := blocks * kernel.Pad(blockRows)
		return con(l.vector(constKey{blockRows: n}, fmt.Sprintf("zeros[%d]", n), make([]float32, n)))
	}
	data := l.m.Param(tensor).Data
	if blocks == 1 && from == 0 && to == len(data) {
		return con(l.vector(constKey{tensor: tensor}, tensor, data))
	}
	name := fmt.Sprintf("%s[%d:%d] in blocks of %d", tensor, from, to, kernel.Pad(blockRows))
	return con(l.vector(constKey{tensor, "", from, to, blockRows}, name, padRows(data[from:to], blocks, blockRows)))
}

// biases is the sum of two biases as blocks gate blocks of blockRows rows, each
// padded with zeros. Either may be missing: the passes fold one into the other; a
// model that skipped them still has both.
func (l *lowerer) biases(ih, hh string, blocks, blockRows int) kernel.Ref {
	if ih == "" || hh == "" {
		return l.bias(ih+hh, 0, blocks*blockRows, blockRows)
	}
	sum := make([]float32, blocks*blockRows)
	a, b := l.m.Param(ih).Data, l.m.Param(hh).Data
	for i := range sum {
		sum[i] = a[i] + b[i]
	}
	return con(l.vector(constKey{tensor: ih, plus: hh, blockRows: blockRows}, ih+" + "+hh, padRows(sum, blocks, blockRows)))
}

// padRows copies rows of cols elements into rows of kernel.Pad(cols).
func padRows(data []float32, rows, cols int) []float32 {
	padded := make([]float32, rows*kernel.Pad(cols))
	for r := range rows {
		copy(padded[r*kernel.Pad(cols):], data[r*cols:(r+1)*cols])
	}
	return padded
}
