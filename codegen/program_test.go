package codegen

import (
	"math/rand/v2"
	"testing"

	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// builder puts programs together by hand, with random sparse weights.
type builder struct {
	t   *testing.T
	rng *rand.Rand
	p   *kernel.Program

	wide bool // windows are of 16 columns from here on
}

func newBuilder(t *testing.T, name string, seed uint64) *builder {
	return &builder{t: t, rng: rand.New(rand.NewPCG(seed, 1)), p: &kernel.Program{Name: name}}
}

func (b *builder) buffer(name string, n int) kernel.Ref {
	b.p.Buffers = append(b.p.Buffers, kernel.Buffer{Name: name, Len: n})
	return kernel.Ref{ID: len(b.p.Buffers) - 1}
}

func (b *builder) input(name string, n int) kernel.Ref {
	r := b.buffer(name, n)
	b.p.Inputs = append(b.p.Inputs, kernel.Port{Name: name, Buf: r.ID, Size: n})
	return r
}

func (b *builder) output(name string, r kernel.Ref, n int) {
	b.p.Outputs = append(b.p.Outputs, kernel.Port{Name: name, Buf: r.ID, Size: n})
}

func (b *builder) state(name string, n, init int) kernel.Ref {
	r := b.buffer(name, n)
	b.p.States = append(b.p.States, kernel.State{Name: name, Buf: r.ID, Size: n, Init: init})
	return r
}

func (b *builder) constant(name string, rows, cols int) kernel.Ref {
	pad := kernel.Pad(cols)
	c := kernel.Const{Name: name, Rows: rows, Cols: cols, Data: make([]float32, rows*pad)}
	for r := range rows {
		for k := range cols {
			c.Data[r*pad+k] = float32(b.rng.NormFloat64()) / 4
		}
	}
	b.p.Consts = append(b.p.Consts, c)
	return kernel.Ref{Space: kernel.Con, ID: len(b.p.Consts) - 1}
}

// matrix adds gates blocks of rows×cols weights, each block padded.
func (b *builder) matrix(name string, gates, rows, cols int, density float64, s kernel.Strategy) int {
	b.t.Helper()
	pad := kernel.Pad(rows)
	m := sparse.NewMatrix(gates*pad, cols)
	for g := range gates {
		for r := range rows {
			for c := range cols {
				if b.rng.Float64() < density {
					m.Row(g*pad + r)[c] = float32(b.rng.NormFloat64()) / 3
				}
			}
		}
	}
	km := kernel.Matrix{Name: name, Rows: gates * rows, Cols: cols, NNZ: m.NNZ(), Form: kernel.Form{Strategy: s}}
	groups := m.Rows / 8
	switch s {
	case kernel.Dense:
		km.Packed = sparse.PackDense(m)
		km.Ranges = []kernel.Range{{From: 0, To: groups}}
	case kernel.Block:
		packed, err := sparse.PackBlock(m, 8)
		if err != nil {
			b.t.Fatal(err)
		}
		km.Packed, km.Ranges = packed, []kernel.Range{{From: 0, To: groups}}
	case kernel.Unrolled:
		packed, err := sparse.PackStraight(m)
		if err != nil {
			b.t.Fatal(err)
		}
		km.Packed, km.Ranges = packed, kernel.RangesFor(packed, 0)
	case kernel.Window:
		packed, err := sparse.PackWindow(m, sparse.Exponent)
		if b.wide {
			packed, err = sparse.PackWideWindow(m)
		}
		if err != nil {
			b.t.Fatal(err)
		}
		km.Packed, km.Ranges = packed, []kernel.Range{{From: 0, To: groups / 2}, {From: groups / 2, To: groups}}
	}
	b.p.Matrices = append(b.p.Matrices, km)
	return len(b.p.Matrices) - 1
}

func (b *builder) layer(name, doc string, instrs ...kernel.Instr) {
	b.p.Layers = append(b.p.Layers, kernel.Layer{Name: name, Doc: doc, Instrs: instrs})
}

func (b *builder) program() *kernel.Program {
	b.t.Helper()
	if err := b.p.Verify(); err != nil {
		b.t.Fatalf("%v\n%s", err, b.p)
	}
	return b.p
}

// batch is the Batch of a program: dense matrices stay so.
func batch(t *testing.T, p *kernel.Program, streams int) Batch {
	t.Helper()
	_, lanes := Lockstep(streams)
	b := *p
	b.Batch, b.Matrices = lanes, nil
	for _, m := range p.Matrices {
		if d, ok := m.Packed.(*sparse.Dense); ok {
			m.Packed = sparse.DenseLockstep{Dense: d}
		} else {
			s, err := sparse.PackStream(m.Packed.Unpack(), lanes)
			if err != nil {
				t.Fatal(err)
			}
			m.Strategy, m.Packed, m.Ranges = kernel.Stream, s, kernel.RangesFor(s, 1)
		}
		b.Matrices = append(b.Matrices, m)
	}
	return Batch{Streams: streams, Program: &b}
}

// gru is x[5] → GRU[20], reset after, from a learned initial state → Linear[3] →
// softmax. size scales the hidden layer.
func gru(t *testing.T, hidden int) *kernel.Program {
	b := newBuilder(t, "gru", 1)
	x := b.input("x", 5)
	init := b.constant("h0", 1, hidden)
	h := b.state("gru0.h", hidden, init.ID)
	pre, rec := b.buffer("gru0.x", 3*kernel.Pad(hidden)), b.buffer("gru0.r", 3*kernel.Pad(hidden))
	bias, biasH := b.constant("gru0.bias_ih", 1, 3*kernel.Pad(hidden)), b.constant("gru0.bias_hh", 1, 3*kernel.Pad(hidden))
	b.layer("gru0", "GRU, reset after",
		kernel.MatVec{Dst: pre, Init: bias, Src: x, Matrix: b.matrix("gru0.weight_ih", 3, hidden, 5, 1, kernel.Dense)},
		kernel.MatVec{Dst: rec, Init: biasH, Src: h, Matrix: b.matrix("gru0.weight_hh", 3, hidden, hidden, .3, kernel.Window)},
		kernel.GRUCell{H: h, X: pre, R: rec, Size: hidden})
	logits, y := b.buffer("logits", 3), b.buffer("y", 3)
	b.layer("out", "Linear and softmax",
		kernel.MatVec{Dst: logits, Init: b.constant("out.bias", 1, 3), Src: h, Matrix: b.matrix("out.weight", 1, 3, hidden, .5, kernel.Block)},
		kernel.Softmax{Dst: y, Src: logits, Size: 3})
	b.output("y", y, 3)
	return b.program()
}

// talker has an index and a vector as inputs, an embedding, an LSTM, a GRU with
// the reset before and a ReLU candidate, and two outputs.
func talker(t *testing.T) *kernel.Program {
	b := newBuilder(t, "talker, \"quoted\"", 2)
	b.p.Inputs = append(b.p.Inputs, kernel.Port{Name: "char", Buf: -1, Size: 1, Bound: 7})
	style := b.input("style", 3)
	table := b.constant("embedding", 7, 4)
	row, joined := b.buffer("row", 4), b.buffer("joined", 7)
	b.layer("embed", "Embedding [7 4]",
		kernel.Lookup{Dst: row, Table: table.ID, Input: 0},
		kernel.Copy{Dst: joined, Src: row, Size: 4},
		kernel.Copy{Dst: kernel.Ref{ID: joined.ID, Off: 4}, Src: style, Size: 3})

	const n = 17
	pad := kernel.Pad(n)
	h, c := b.state("lstm.h", n, -1), b.state("lstm.c", n, -1)
	pre := b.buffer("lstm.x", 4*pad)
	zeros := b.constant("lstm.bias", 1, 4*pad)
	b.layer("lstm", "LSTM",
		kernel.MatVec{Dst: pre, Init: zeros, Src: joined, Matrix: b.matrix("lstm.weight_ih", 4, n, 7, .6, kernel.Unrolled)},
		kernel.MatVec{Dst: pre, Init: pre, Src: h, Matrix: b.matrix("lstm.weight_hh", 4, n, n, .2, kernel.Unrolled)},
		kernel.LSTMCell{H: h, C: c, X: pre, Size: n})

	b.wide = true
	g := b.state("gru.h", n, -1)
	gx, gr, rh, gn := b.buffer("gru.x", 3*pad), b.buffer("gru.r", 2*pad), b.buffer("gru.rh", n), b.buffer("gru.n", n)
	bias := b.constant("gru.bias", 1, 3*pad)
	b.layer("gru", "GRU, reset before",
		kernel.MatVec{Dst: gx, Init: bias, Src: h, Matrix: b.matrix("gru.weight_ih", 3, n, n, .1, kernel.Window)},
		kernel.MatVec{Dst: gr, Init: bias, Src: g, Matrix: b.matrix("gru.weight_hh[r z]", 2, n, n, .1, kernel.Window)},
		kernel.GRUReset{RH: rh, H: g, X: gx, R: gr, Size: n},
		kernel.MatVec{Dst: gn, Init: bias, Src: rh, Matrix: b.matrix("gru.weight_hh[n]", 1, n, n, 0, kernel.Dense)},
		kernel.GRUUpdate{Func: kernel.ReLU, H: g, X: gx, R: gr, N: gn, Size: n})

	sum, clipped := b.buffer("sum", n), b.buffer("type", n)
	b.layer("sum", "the element-wise kernels",
		kernel.Binary{Func: kernel.Add, Dst: sum, A: g, B: h, Size: n},
		kernel.Binary{Func: kernel.Mul, Dst: sum, A: sum, B: h, Size: n},
		kernel.Binary{Func: kernel.Sub, Dst: sum, A: sum, B: g, Size: n},
		kernel.Activate{Func: kernel.ClippedReLU, Clip: .1, Dst: clipped, Src: sum, Size: n},
		kernel.Activate{Func: kernel.Sigmoid, Dst: sum, Src: sum, Size: n},
		kernel.Activate{Func: kernel.Tanh, Dst: sum, Src: sum, Size: n})
	b.output("sum", sum, n)
	b.output("clipped sum", clipped, n)
	return b.program()
}

// reluGRU is a GRU, reset after, whose candidate is a ReLU: the form that has
// no kernel of its own.
func reluGRU(t *testing.T) *kernel.Program {
	b := newBuilder(t, "relu", 3)
	const n = 9
	x, h := b.input("x", 2), b.state("h", n, -1)
	pre, rec := b.buffer("x.pre", 3*kernel.Pad(n)), b.buffer("h.pre", 3*kernel.Pad(n))
	bias := b.constant("bias", 1, 3*kernel.Pad(n))
	b.layer("gru", "GRU with ReLU",
		kernel.MatVec{Dst: pre, Init: bias, Src: x, Matrix: b.matrix("w", 3, n, 2, 1, kernel.Dense)},
		kernel.MatVec{Dst: rec, Init: bias, Src: h, Matrix: b.matrix("u", 3, n, n, .2, kernel.Window)},
		kernel.GRUCell{Func: kernel.ReLU, H: h, X: pre, R: rec, Size: n})
	b.output("h", h, n)
	return b.program()
}
