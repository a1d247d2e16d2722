package torch

import "github.com/sparsec/sparsec/ir"

// projected adds an LSTM whose state h is a projection: h' = W_hr·(σ(o)⊙tanh(c')),
// with W_hr [P H], W_hh [4H P].
//
// Forwards it is spelled out, for no cell of the graph is of this kind. Backwards,
// where nothing can be spelled out, it is an LSTM of the state m = σ(o)⊙tanh(c') with
// the recurrent matrix W_hh·W_hr, and the projection behind it: the same function,
// rounded once more, of more weights.
func (r *recurrent) projected(name, suffix string, x *value, size int, way ir.Direction) *value {
	faults := len(r.m.b.faults)
	hidden := r.units(suffix)
	t := r.inputTensors(suffix, x, hidden)
	recurrent, _ := r.m.data("weight_hh"+suffix, r.rows(hidden), size)
	projection, _ := r.m.data("weight_hr"+suffix, size, hidden)
	if len(r.m.b.faults) > faults || x == nil || x.shape == nil || hidden == unknown {
		return nil
	}
	if way == ir.Reverse && !r.m.grow(r.rows(hidden)*hidden) {
		return nil
	}
	name = r.m.b.unused(name)
	w := r.m.b.param(r.m.full("weight_hr"+suffix), []int{size, hidden}, projection)
	shape := []int{r.rows(hidden), size}
	if way == ir.Reverse {
		recurrent, shape[1] = multiply(recurrent, projection, shape[0], size, hidden), hidden
	}
	t.weightHH = r.m.b.param(r.m.full("weight_hh"+suffix), shape, recurrent)
	if way == ir.Reverse {
		return r.merged(name, x, t, w, hidden, size)
	}
	return r.spelledOut(name, x, t, w, hidden, size)
}

// spelledOut adds the cell as a graph.
func (r *recurrent) spelledOut(name string, x *value, t gateTensors, projection string, hidden, size int) *value {
	b := r.m.b
	s := state{h: b.state(name+".h", size), c: b.state(name+".c", hidden), sizeH: size, sizeC: hidden}
	b.states[r.m.name] = append(b.states[r.m.name], s)
	h := b.node(name+"_h", ir.Recall{State: s.h})
	c := b.node(name+"_c", ir.Recall{State: s.c})
	read := b.node(name+"_ih", ir.Linear{Weight: t.weightIH, Bias: t.biasIH}, x.name)
	recur := b.node(name+"_hh", ir.Linear{Weight: t.weightHH, Bias: t.biasHH}, h)
	sum := b.node(name+"_gates", ir.Binary{Func: ir.Add}, read, recur)
	gate := func(letter string, i int, f ir.Func) string {
		rows := ir.MakeSpans([]ir.Span{{From: i * hidden, Count: hidden, Step: 1}})
		part := b.node(name+"_"+letter+"_rows", ir.Pick{Spans: rows}, sum)
		return b.node(name+"_"+letter, ir.Activation{Func: f}, part)
	}
	in, forget, candidate, out := gate("i", 0, ir.Sigmoid), gate("f", 1, ir.Sigmoid), gate("g", 2, ir.Tanh), gate("o", 3, ir.Sigmoid)
	kept := b.node(name+"_kept", ir.Binary{Func: ir.Mul}, forget, c)
	new := b.node(name+"_new", ir.Binary{Func: ir.Mul}, in, candidate)
	next := b.node(name+"_c_next", ir.Binary{Func: ir.Add}, kept, new)
	bent := b.node(name+"_c_tanh", ir.Activation{Func: ir.Tanh}, next)
	m := b.node(name+"_m", ir.Binary{Func: ir.Mul}, out, bent)
	b.add(name, ir.Linear{Weight: projection}, m)
	b.node(name+"_c_store", ir.Store{State: s.c}, next)
	b.node(name+"_h_store", ir.Store{State: s.h}, name)
	return &value{name: name, shape: []int{size}}
}

// merged adds the cell backwards. Its state is m, not h, so that PyTorch's h_0 and
// h_n of the module are not there.
func (r *recurrent) merged(name string, x *value, t gateTensors, projection string, hidden, size int) *value {
	b := r.m.b
	b.opaque[r.m.name] = true
	s := state{h: b.state(name+".m", hidden), c: b.state(name+".c", hidden)}
	cell := b.node(name+"_cell", r.op(t, s, ir.Reverse), x.name)
	b.add(name, ir.Linear{Weight: projection}, cell)
	return &value{name: name, shape: []int{size}}
}

// multiply is a·b, of a [rows inner] and b [inner columns], summed in float64.
func multiply(a, b []float32, rows, inner, columns int) []float32 {
	c := make([]float32, rows*columns)
	sum := make([]float64, columns)
	for i := range rows {
		clear(sum)
		for k := range inner {
			f := float64(a[i*inner+k])
			for j, v := range b[k*columns : (k+1)*columns] {
				sum[j] += f * float64(v)
			}
		}
		for j, v := range sum {
			c[i*columns+j] = float32(v)
		}
	}
	return c
}
