package pass

import (
	"math"
	"slices"

	"github.com/sparsec/sparsec/ir"
)

// The least matrix that foldMirrors takes apart, and the share of its columns that
// have to be mirrored: below, sums and moves cost what the products save.
const (
	mirrorFrom  = 4096
	mirrorShare = 0.75
)

// foldMirrors halves the products of a matrix whose columns mirror each other, as
// those of a Fourier transform do: where a pair of columns is the same in some rows
// and the negative in all others, the first multiply the sum of the two elements of
// the input, the others their difference. Weights stay exactly what they are.
func foldMirrors(m *ir.Model, r *Report) (*ir.Model, error) {
	out := m.Clone()
	users := paramUsers(m)
	out.Nodes = nil
	for _, n := range m.Nodes {
		op, ok := n.Op.(ir.Linear)
		if !ok || users[op.Weight] > 1 {
			out.Nodes = append(out.Nodes, n)
			continue
		}
		mirror := mirrorOf(m.Param(op.Weight))
		if !mirror.pays() {
			out.Nodes = append(out.Nodes, n)
			continue
		}
		out.Nodes = append(out.Nodes, mirror.nodes(m, out, n, op)...)
		r.note("%d of %d columns of %q mirror others", len(mirror.pairs), mirror.weight.Shape[1], op.Weight)
	}
	dropUnused(out)
	return out, nil
}

// mirror is how the columns of a matrix mirror each other.
type mirror struct {
	weight *ir.Param
	pairs  [][2]int
	odd    []bool // of rows: whether the second column of every pair is the negative
}

// mirrorOf pairs columns. Two columns are a pair if all weights are of equal size,
// and equal or opposite in the same rows as in the pairs before.
func mirrorOf(w *ir.Param) mirror {
	f := mirror{weight: w, odd: make([]bool, w.Shape[0])}
	known := make([]bool, w.Shape[0])
	all := f.sizes()
	open := map[uint64][]int{} // columns without a partner, by the sizes of their weights
	for c := w.Shape[1] - 1; c >= 0; c-- {
		sizes := all[c]
		at := slices.IndexFunc(open[sizes], func(other int) bool { return f.mirrors(c, other, known) })
		if at < 0 {
			open[sizes] = append(open[sizes], c)
			continue
		}
		other := open[sizes][at]
		open[sizes] = slices.Delete(open[sizes], at, at+1)
		f.pairs = append(f.pairs, [2]int{c, other})
		for r := range known {
			if v := f.at(r, c); v != 0 {
				known[r], f.odd[r] = true, v != f.at(r, other)
			}
		}
	}
	if slices.Contains(f.odd, true) { // a sine of zeros stays with the other sines
		for r := range known {
			f.odd[r] = f.odd[r] || !known[r]
		}
	}
	return f
}

func (f *mirror) at(r, c int) float32 { return f.weight.Data[r*f.weight.Shape[1]+c] }

// sizes is a number for each column that columns of weights of equal sizes have in
// common.
func (f *mirror) sizes() []uint64 {
	h := slices.Repeat([]uint64{14695981039346656037}, f.weight.Shape[1]) // FNV-1a over words
	for i, v := range f.weight.Data {
		c := i % len(h)
		h[c] = (h[c] ^ uint64(math.Float32bits(v)&math.MaxInt32)) * 1099511628211
	}
	return h
}

// mirrors reports whether two columns are a pair beside those there are.
func (f *mirror) mirrors(a, b int, known []bool) bool {
	any := false
	for r := range known {
		x, y := f.at(r, a), f.at(r, b)
		switch {
		case x != y && x != -y:
			return false
		case x != 0 && known[r] && (x != y) != f.odd[r]:
			return false
		}
		any = any || x != 0
	}
	return any
}

// pays reports whether what is saved is worth it.
func (f *mirror) pays() bool {
	rows, cols := f.weight.Shape[0], f.weight.Shape[1]
	used := 0
	for _, v := range f.weight.Data {
		if v != 0 {
			used++
		}
	}
	return rows*cols >= mirrorFrom && 2*used > rows*cols && float64(2*len(f.pairs)) >= mirrorShare*float64(cols)
}

// nodes are those that take the place of a Linear: sums and differences of the
// elements of pairs, a product of each, and the rows of both in their order.
func (f *mirror) nodes(m, out *ir.Model, n ir.Node, op ir.Linear) []ir.Node {
	rows, cols := max(op.Rows, 1), f.weight.Shape[1]
	left, right := f.columns()
	fresh := func(stem string) string { return freshValue(m, n.Name+stem) }
	a, b, halves := fresh(".left"), fresh(".right"), fresh(".halves")
	nodes := []ir.Node{
		{Name: a, Op: ir.Pick{Spans: repeated(left, cols, rows)}, Inputs: n.Inputs},
		{Name: b, Op: ir.Pick{Spans: repeated(right, cols, rows)}, Inputs: n.Inputs},
	}
	even, odd := f.rows(false), f.rows(true)
	var products []string
	for _, half := range []struct {
		name string
		how  ir.BinaryFunc
		rows []int
	}{{".even", ir.Add, even}, {".odd", ir.Sub, odd}} {
		if len(half.rows) == 0 {
			continue
		}
		x, y := fresh(half.name+".x"), fresh(half.name)
		part := ir.Linear{Weight: f.half(out, half.name, half.rows, left), Bias: biasOfRows(out, op.Bias, half.name, half.rows), Rows: op.Rows}
		nodes = append(nodes, ir.Node{Name: x, Op: ir.Binary{Func: half.how}, Inputs: []string{a, b}}, ir.Node{Name: y, Op: part, Inputs: []string{x}})
		products = append(products, y)
	}
	return append(nodes,
		ir.Node{Name: halves, Op: ir.Concat{}, Inputs: products},
		ir.Node{Name: n.Name, Op: ir.Pick{Spans: merged(even, odd, rows)}, Inputs: []string{halves}})
}

// columns are the columns that are left, and the partner of each, −1 for none.
// Columns of zeros are not among them.
func (f *mirror) columns() (left, right []int) {
	partner := map[int]int{}
	gone := map[int]bool{}
	for _, p := range f.pairs {
		partner[p[0]], gone[p[1]] = p[1], true
	}
	for c := range f.weight.Shape[1] {
		other, paired := partner[c]
		switch {
		case paired:
			left, right = append(left, c), append(right, other)
		case !gone[c] && !f.empty(c):
			left, right = append(left, c), append(right, -1)
		}
	}
	return left, right
}

func (f *mirror) empty(c int) bool {
	for r := range f.odd {
		if f.at(r, c) != 0 {
			return false
		}
	}
	return true
}

// rows are those that read differences, or those that read sums.
func (f *mirror) rows(odd bool) []int {
	var rows []int
	for r, o := range f.odd {
		if o == odd {
			rows = append(rows, r)
		}
	}
	return rows
}

// half is the name of a matrix of some rows and columns.
func (f *mirror) half(m *ir.Model, name string, rows, cols []int) string {
	p := &ir.Param{Name: freshParam(m, f.weight.Name+name), Shape: []int{len(rows), len(cols)}}
	for _, r := range rows {
		for _, c := range cols {
			p.Data = append(p.Data, f.at(r, c))
		}
	}
	m.Params = append(m.Params, p)
	return p.Name
}

// biasOfRows is the name of a bias of some rows, empty where there is none.
func biasOfRows(m *ir.Model, bias, name string, rows []int) string {
	if bias == "" {
		return ""
	}
	p := &ir.Param{Name: freshParam(m, bias+name), Shape: []int{len(rows)}}
	for _, r := range rows {
		p.Data = append(p.Data, m.Param(bias).Data[r])
	}
	m.Params = append(m.Params, p)
	return p.Name
}

// repeated picks the same elements of each of so many rows of a length; −1 stays.
func repeated(elements []int, length, rows int) ir.Spans {
	var all []int
	for k := range rows {
		for _, e := range elements {
			if e >= 0 {
				e += k * length
			}
			all = append(all, e)
		}
	}
	return ir.SpansOf(all)
}

// merged picks, of so many rows of one product and as many of another behind them,
// rows with the elements of both in the places first and second.
func merged(first, second []int, rows int) ir.Spans {
	width := len(first) + len(second)
	all := make([]int, rows*width)
	for k := range rows {
		for i, at := range first {
			all[k*width+at] = k*len(first) + i
		}
		for i, at := range second {
			all[k*width+at] = rows*len(first) + k*len(second) + i
		}
	}
	return ir.SpansOf(all)
}
