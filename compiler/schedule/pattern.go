package schedule

import "github.com/sparsec/sparsec/ir/sparse"

// pattern names the narrowest pattern that all gate blocks follow, beginning
// anew at each.
func pattern(p Product, blocks []*sparse.Matrix) string {
	data := blocks[0].Data[:0:0]
	var spans []sparse.Span
	for i, b := range blocks {
		data = append(data, b.Data...)
		spans = append(spans, sparse.Span{From: i * p.BlockRows, To: (i + 1) * p.BlockRows})
	}
	mask := sparse.MaskOf(&sparse.Matrix{Rows: p.Rows(), Cols: p.Cols, Data: data})
	if mask.Count() == 0 {
		return "empty"
	}
	return sparse.Recognise(mask, spans...)[0].String()
}
