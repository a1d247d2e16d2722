package pass

import "slices"

// parts is what one gate of a cell sums: products with its input, and with its state.
type parts struct{ x, h products }

// splitAt takes the products with a value out of the sums of gates.
func splitAt(h string, gates ...gated) []parts {
	all := make([]parts, len(gates))
	for i, g := range gates {
		for _, p := range g.sum {
			if p.source == h {
				all[i].h = append(all[i].h, p)
			} else {
				all[i].x = append(all[i].x, p)
			}
		}
	}
	return all
}

// apart reports whether the products with the state read nothing else, and the
// others do not read it.
func (p parts) apart(h string) bool {
	reads := func(q product) bool { return q.source == h }
	other := func(q product) bool { return q.source != h && q.source != "" }
	return !slices.ContainsFunc(p.x, reads) && slices.ContainsFunc(p.h, reads) && !slices.ContainsFunc(p.h, other)
}

// tensors are the numbers of a cell and the values that its input is joined of.
type tensors struct {
	sources                            []string
	weightIH, weightHH, biasIH, biasHH []float32 // biases are nil for zeros
	rows, inputs, units                int
}

// tensors stacks the gates of a cell. It is false where a gate reads a value twice,
// no gate reads the state, or none anything else.
func (f *finder) tensors(units int, gates ...parts) (tensors, bool) {
	t := tensors{rows: len(gates) * units, units: units}
	for _, g := range gates {
		for _, p := range g.x {
			if p.source != "" && !slices.Contains(t.sources, p.source) {
				t.sources = append(t.sources, p.source)
				t.inputs += f.types[p.source].Len()
			}
		}
	}
	recurrent := false
	for _, g := range gates {
		x, okX := f.matrix(t.sources, g.x, units)
		hidden := f.sourceOf(g.h)
		w, okH := f.matrix(hidden, g.h, units)
		if !okX || !okH || len(hidden) > 1 {
			return t, false
		}
		if len(hidden) == 0 {
			w = make([]float32, units*units)
		}
		recurrent = recurrent || len(hidden) == 1
		t.weightIH, t.weightHH = append(t.weightIH, x...), append(t.weightHH, w...)
		t.biasIH, t.biasHH = append(t.biasIH, biasOf(g.x, units)...), append(t.biasHH, biasOf(g.h, units)...)
	}
	return t, recurrent && len(t.sources) > 0 && allFinite(t.biasIH) && allFinite(t.biasHH)
}

// sourceOf lists what products read.
func (f *finder) sourceOf(sum products) []string {
	var sources []string
	for _, p := range sum {
		if p.source != "" && !slices.Contains(sources, p.source) {
			sources = append(sources, p.source)
		}
	}
	return sources
}

// matrix is the matrix [units, length of all sources] of a sum; false where it reads
// a source twice.
func (f *finder) matrix(sources []string, sum products, units int) ([]float32, bool) {
	width, from := 0, map[string]int{}
	for _, source := range sources {
		from[source] = width
		width += f.types[source].Len()
	}
	m := make([]float32, units*width)
	seen := map[string]bool{}
	for _, p := range sum {
		if p.source == "" {
			continue
		}
		if seen[p.source] || p.size != units {
			return nil, false
		}
		seen[p.source] = true
		n := f.types[p.source].Len()
		for r := range units {
			copy(m[r*width+from[p.source]:], p.weight[r*n:][:n])
		}
	}
	return m, true
}

// biasOf is the sum of the biases of a sum, rounded once.
func biasOf(sum products, units int) []float32 {
	bias := make([]float64, units)
	for _, p := range sum {
		for i, b := range p.bias {
			bias[i] += float64(b)
		}
	}
	return narrow(bias)
}
