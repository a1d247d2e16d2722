package kernel

import (
	"fmt"
	"strings"
)

// String is the program as text, one line a port, buffer, constant, matrix and
// instruction, without the numbers: the same program prints the same text.
func (p *Program) String() string {
	w := printer{p: p}
	w.line("program %q for %s", p.Name, joined(p.Levels()))
	if p.Batch > 0 {
		w.line("streams in lockstep %d", p.Batch)
	}
	w.tables()
	w.matrices()
	for _, l := range p.Layers {
		w.line("")
		way := ""
		if l.Reverse {
			way = " backwards"
		}
		w.line("layer %s%s // %s", l.Name, way, l.Doc)
		for i, in := range l.Instrs {
			for _, phase := range l.Phases {
				if phase.From == i {
					w.line("\tshared %d, groups %s", phase.To-phase.From, ranges(phase.Shares))
				}
			}
			for _, turn := range l.Turns {
				if turn.From == i {
					w.line("\tthere and back %d, groups %s", turn.To-turn.From, ranges(turn.Shares))
				}
			}
			w.line("\t%s", w.instr(in))
		}
	}
	return w.b.String()
}

type printer struct {
	p *Program
	b strings.Builder
}

func (w *printer) line(format string, args ...any) {
	fmt.Fprintf(&w.b, format+"\n", args...)
}

func (w *printer) tables() {
	for _, in := range w.p.Inputs {
		if in.Bound > 0 {
			w.line("input %s index below %d", in.Name, in.Bound)
			continue
		}
		w.line("input %s [%d] in %s", in.Name, in.Size, w.buffer(in.Buf))
	}
	for _, out := range w.p.Outputs {
		w.line("output %s [%d] in %s", out.Name, out.Size, w.buffer(out.Buf))
	}
	for _, b := range w.p.Buffers {
		w.line("buffer %s [%d]", b.Name, b.Len)
	}
	for _, s := range w.p.States {
		init := "zeros"
		if s.Init >= 0 {
			init = w.constant(s.Init)
		}
		w.line("state %s [%d] in %s from %s%s", s.Name, s.Size, w.buffer(s.Buf), init, exposed(s))
	}
	for i, c := range w.p.Consts {
		w.line("constant c%d %q [%d×%d]", i, c.Name, c.Rows, c.Cols)
	}
}

// exposed says how users see a state.
func exposed(s State) string {
	switch {
	case !s.Exposed:
		return ""
	case s.Units == nil:
		return ", exposed"
	}
	return fmt.Sprintf(", exposed as %d", s.Units)
}

func (w *printer) matrices() {
	for i, m := range w.p.Matrices {
		w.line("matrix m%d %q %s [%d×%d] nnz %d, %s", i, m.Name, m.StrategyName(), m.Rows, m.Cols, m.NNZ, w.form(&m.Form))
		if m.Wide != nil {
			w.line("\tfor %s: %s, %s", AVX512, m.Wide.StrategyName(), w.form(m.Wide))
		}
	}
}

func (w *printer) form(f *Form) string {
	return fmt.Sprintf("packed rows %d, steps %d, bytes %d, ranges %s", f.Packed.Rows(), f.Packed.Steps(), f.Size(), ranges(f.Ranges))
}

func joined(levels []Level) string {
	var names []string
	for _, l := range levels {
		names = append(names, l.String())
	}
	return strings.Join(names, " and ")
}

func ranges(rs []Range) string {
	var s []string
	for _, r := range rs {
		s = append(s, fmt.Sprintf("%d–%d", r.From, r.To))
	}
	return strings.Join(s, " ")
}

func (w *printer) instr(in Instr) string {
	op := mnemonic(in)
	switch in := in.(type) {
	case MatVec:
		text := fmt.Sprintf("%s %s = %s + m%d·%s", op, w.ref(in.Dst), w.ref(in.Init), in.Matrix, w.ref(in.Src))
		if in.Vectors > 1 {
			text += fmt.Sprintf(", %d vectors by %d to %d", in.Vectors, in.SrcStep, in.DstStep)
		}
		return text
	case Lookup:
		return fmt.Sprintf("%s %s = c%d[%s]", op, w.ref(in.Dst), in.Table, w.port(in.Input))
	case Activate:
		return fmt.Sprintf("%s %s = %s %s, %d", op, w.ref(in.Dst), in.function(), w.ref(in.Src), in.Size)
	case Binary:
		return fmt.Sprintf("%s %s = %s %s %s, %d", op, w.ref(in.Dst), w.ref(in.A), in.Func, w.ref(in.B), in.Size)
	case Copy:
		return fmt.Sprintf("%s %s = %s, %d", op, w.ref(in.Dst), w.ref(in.Src), in.Size)
	case Ahead:
		return fmt.Sprintf("%s %s = %s in %d, %d", op, w.ref(in.Dst), w.ref(in.Src), in.By, in.Size)
	case Hold:
		return fmt.Sprintf("%s %s = %s at %s, %d", op, w.ref(in.Dst), w.ref(in.Src), in.At, in.Size)
	case Masked:
		return fmt.Sprintf("%s %s by %s, %d", op, w.ref(in.Value), w.ref(in.Mask), in.Size)
	case Softmax:
		return fmt.Sprintf("%s %s = %s, %s", op, w.ref(in.Dst), w.ref(in.Src), groups(in.Groups, in.Size))
	case Pick:
		return fmt.Sprintf("%s %s = %s[%s], %d", op, w.ref(in.Dst), w.ref(in.Src), moves(in.Moves), in.Size())
	case Reduce:
		return fmt.Sprintf("%s %s = %s %s, %s", op, w.ref(in.Dst), in.Func, w.ref(in.Src), groups(in.Groups, in.Size))
	case Normalize:
		return fmt.Sprintf("%s %s = %s, epsilon %v, %s", op, w.ref(in.Dst), w.ref(in.Src), in.Epsilon, groups(in.Groups, in.Size))
	case GRUCell:
		return fmt.Sprintf("%s %s, x %s, r %s, %s, %d", op, w.ref(in.H), w.ref(in.X), w.ref(in.R), in.Func, in.Size)
	case GRUReset:
		return fmt.Sprintf("%s %s = h %s, x %s, r %s, %d", op, w.ref(in.RH), w.ref(in.H), w.ref(in.X), w.ref(in.R), in.Size)
	case GRUUpdate:
		return fmt.Sprintf("%s %s, x %s, r %s, n %s, %s, %d", op, w.ref(in.H), w.ref(in.X), w.ref(in.R), w.ref(in.N), in.Func, in.Size)
	case LSTMCell:
		return fmt.Sprintf("%s %s, c %s, x %s, %d", op, w.ref(in.H), w.ref(in.C), w.ref(in.X), in.Size)
	}
	return op
}

// function is the function with its numbers.
func (in Activate) function() string {
	var numbers []string
	for _, x := range in.Numbers() {
		numbers = append(numbers, fmt.Sprint(x))
	}
	if numbers == nil {
		return in.Func.String()
	}
	return fmt.Sprintf("%s(%s)", in.Func, strings.Join(numbers, " "))
}

func groups(n, size int) string {
	if n <= 1 {
		return fmt.Sprint(size)
	}
	return fmt.Sprintf("%d of %d", n, size)
}

// mostMoves are printed of a Pick.
const mostMoves = 8

func moves(list []Move) string {
	var words []string
	for i, m := range list {
		if i == mostMoves {
			words = append(words, fmt.Sprintf("… %d more", len(list)-i))
			break
		}
		word := fmt.Sprintf("%d:%d", m.From, m.Count)
		if m.Step != 1 {
			word += fmt.Sprintf(":%d", m.Step)
		}
		if m.Times > 1 {
			word = fmt.Sprintf("%d×%s by %d", m.Times, word, m.Jump)
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

// mnemonic names an instruction in the text form and in faults.
func mnemonic(in Instr) string {
	switch in.(type) {
	case MatVec:
		return "matvec"
	case Lookup:
		return "lookup"
	case Activate:
		return "activate"
	case Binary:
		return "binary"
	case Copy:
		return "copy"
	case Ahead:
		return "ahead"
	case Hold:
		return "hold"
	case Masked:
		return "masked"
	case Softmax:
		return "softmax"
	case GRUCell:
		return "gru_cell"
	case GRUReset:
		return "gru_reset"
	case GRUUpdate:
		return "gru_update"
	case LSTMCell:
		return "lstm_cell"
	case Pick:
		return "pick"
	case Reduce:
		return "reduce"
	case Normalize:
		return "normalize"
	}
	return fmt.Sprintf("%T", in)
}

// ref prints a place; a number that refers to nothing is printed as it is, so
// that a faulty program can be looked at.
func (w *printer) ref(r Ref) string {
	s := ""
	if r.Space == Buf {
		s = w.buffer(r.ID)
	} else {
		s = w.constant(r.ID)
	}
	if r.Off != 0 {
		s += fmt.Sprintf("+%d", r.Off)
	}
	return s
}

func (w *printer) buffer(i int) string {
	if i < 0 || i >= len(w.p.Buffers) {
		return fmt.Sprintf("buffer?%d", i)
	}
	return w.p.Buffers[i].Name
}

func (w *printer) constant(i int) string {
	if i < 0 || i >= len(w.p.Consts) {
		return fmt.Sprintf("c?%d", i)
	}
	return fmt.Sprintf("c%d", i)
}

func (w *printer) port(i int) string {
	if i < 0 || i >= len(w.p.Inputs) {
		return fmt.Sprintf("input?%d", i)
	}
	return w.p.Inputs[i].Name
}

// String is the function's name in the text form.
func (f Func) String() string {
	return name([]string{Tanh: "tanh", Sigmoid: "sigmoid", ReLU: "relu", ClippedReLU: "clipped_relu", HardSigmoid: "hard_sigmoid",
		LeakyReLU: "leaky_relu", ThresholdedReLU: "thresholded_relu", ScaledTanh: "scaled_tanh", Affine: "affine", ELU: "elu",
		Softsign: "softsign", Softplus: "softplus", Clamp: "clamp", Exp: "exp", Log: "log", Sqrt: "sqrt", Abs: "abs",
		Reciprocal: "reciprocal", Power: "power", Erf: "erf"}, int(f))
}

// String is the function's sign in the text form.
func (f BinaryFunc) String() string {
	return name([]string{Add: "+", Sub: "-", Mul: "*", Div: "/", Max: "max", Min: "min", Pow: "pow"}, int(f))
}

// String is the function's name in the text form.
func (f ReduceFunc) String() string {
	return name([]string{Sum: "sum", Mean: "mean", Largest: "max", Smallest: "min"}, int(f))
}

// String is the strategy's name in plans, options and kernel names.
func (s Strategy) String() string {
	return name([]string{Dense: "dense", Block: "block", Window: "window", Copies: "copies", Unrolled: "unrolled", CSR: "csr", Stream: "stream",
		Chunk: "chunk", ChunkUnrolled: "chunk unrolled"}, int(s))
}

func name(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return fmt.Sprintf("?%d", i)
}
