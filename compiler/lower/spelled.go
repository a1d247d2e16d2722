package lower

import (
	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/kernel"
)

// This file lowers cells that have no kernel of their own to element-wise
// instructions on their gate blocks: other functions, bounds, peepholes, a forget
// gate that is one less the input gate.

// gate appends dst = f(src), src limited to [−bound, bound] where that is not 0.
func (l *lowerer) gate(f ir.Function, bound float32, dst, src kernel.Ref, size int) error {
	if bound != 0 {
		l.emit(kernel.Activate{Func: kernel.Clamp, Alpha: -bound, Beta: bound, Dst: src, Src: src, Size: size})
	}
	if f.Func == ir.Identity && dst == src {
		return nil
	}
	in, err := applied(f, dst, src, size)
	if err != nil {
		return err
	}
	l.emit(in)
	return nil
}

// combine appends dst = a f b.
func (l *lowerer) combine(f kernel.BinaryFunc, dst, a, b kernel.Ref, size int) {
	l.emit(kernel.Binary{Func: f, Dst: dst, A: a, B: b, Size: size})
}

// block is gate block k of a buffer of gates.
func (g gates) block(at kernel.Ref, k int) kernel.Ref { return behind(at, k*kernel.Pad(g.size)) }

// gruSpelled is h = n + z⊙(h − n) in single instructions.
func (l *lowerer) gruSpelled(g gates, op ir.GRU) error {
	x, err := l.sum(g, ".x", g.weightIH, g.biasIH, 0, 3, g.input)
	if err != nil {
		return err
	}
	blocks := 3
	if op.Reset == ir.ResetBefore {
		blocks = 2
	}
	r, err := l.sum(g, ".r", g.weightHH, g.biasHH, 0, blocks, g.state)
	if err != nil {
		return err
	}
	reset, update, n := g.block(x, 0), g.block(x, 1), g.block(x, 2)
	for k, gate := range []kernel.Ref{reset, update} {
		l.combine(kernel.Add, gate, gate, g.block(r, k), g.size)
		if err := l.gate(op.Gate.Or(ir.Sigmoid), op.Bound, gate, gate, g.size); err != nil {
			return err
		}
	}
	recurrent, err := l.gruRecurrent(g, op, r, reset)
	if err != nil {
		return err
	}
	l.combine(kernel.Add, n, n, recurrent, g.size)
	if err := l.gate(op.Function(), op.Bound, n, n, g.size); err != nil {
		return err
	}
	l.combine(kernel.Sub, g.state, g.state, n, g.size)
	l.combine(kernel.Mul, g.state, g.state, update, g.size)
	l.combine(kernel.Add, g.state, g.state, n, g.size)
	return nil
}

// gruRecurrent is what the candidate has of the state: the reset gate multiplies its
// product, in place, or the state before that.
func (l *lowerer) gruRecurrent(g gates, op ir.GRU, r, reset kernel.Ref) (kernel.Ref, error) {
	if op.Reset == ir.ResetAfter {
		product := g.block(r, 2)
		l.combine(kernel.Mul, product, product, reset, g.size)
		return product, nil
	}
	rh := ref(l.buffer(g.node.Name+".rh", g.size))
	l.combine(kernel.Mul, rh, g.state, reset, g.size)
	return l.sum(g, ".n", g.weightHH, g.biasHH, 2, 3, rh)
}

// plainLSTM reports whether the cell is that of the kernel.
func plainLSTM(op ir.LSTM) bool {
	return op.Peephole == "" && !op.Coupled && op.Bound == 0 && op.Gate.Or(ir.Sigmoid).Func == ir.Sigmoid &&
		op.Candidate.Or(ir.Tanh).Func == ir.Tanh && op.Output.Or(ir.Tanh).Func == ir.Tanh
}

// lstmSpelled is c = f⊙c + i⊙g, h = o⊙output(c) in single instructions.
func (l *lowerer) lstmSpelled(g gates, op ir.LSTM, sum, c kernel.Ref) error {
	input, forget, candidate, output := g.block(sum, 0), g.block(sum, 1), g.block(sum, 2), g.block(sum, 3)
	var seen kernel.Ref
	if op.Peephole != "" {
		seen = ref(l.buffer(g.node.Name+".seen", g.size))
	}
	peep := func(k int, gate kernel.Ref) {
		if op.Peephole != "" {
			l.combine(kernel.Mul, seen, c, l.bias(op.Peephole, k*g.size, (k+1)*g.size, g.size), g.size)
			l.combine(kernel.Add, gate, gate, seen, g.size)
		}
	}
	gate := func(f ir.Function, at kernel.Ref) error { return l.gate(f, op.Bound, at, at, g.size) }
	peep(0, input)
	if !op.Coupled {
		peep(1, forget)
	}
	if err := gate(op.Gate.Or(ir.Sigmoid), input); err != nil {
		return err
	}
	if op.Coupled {
		l.emit(kernel.Activate{Func: kernel.Affine, Alpha: -1, Beta: 1, Dst: forget, Src: input, Size: g.size})
	} else if err := gate(op.Gate.Or(ir.Sigmoid), forget); err != nil {
		return err
	}
	if err := gate(op.Candidate.Or(ir.Tanh), candidate); err != nil {
		return err
	}
	l.combine(kernel.Mul, c, c, forget, g.size)
	l.combine(kernel.Mul, input, input, candidate, g.size)
	l.combine(kernel.Add, c, c, input, g.size)
	peep(2, output)
	if err := gate(op.Gate.Or(ir.Sigmoid), output); err != nil {
		return err
	}
	if err := l.gate(op.Output.Or(ir.Tanh), 0, g.state, c, g.size); err != nil {
		return err
	}
	l.combine(kernel.Mul, g.state, g.state, output, g.size)
	return nil
}
