package asm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// way is one way to compute a product of a program: the calls of its kernels of a
// level, or of the portable ones.
type way struct {
	name     string
	form     *kernel.Form   // that the kernels read
	weights  *sparse.Matrix // what it stands for; see unpacked
	at       []int          // its sections
	streams  int
	bias     bool // init is one element a row for all streams
	portable bool
	level    kernel.Level // of the machine that it needs
	calls    []kernel.Call
}

// waysOf are the ways to compute the products of a program. A level without a
// kernel of its own for one adds none.
func waysOf(p *kernel.Program) []way {
	if p.Batch > 0 {
		return lockstepWays(p)
	}
	var ways []way
	l := p.Layout()
	for i := range p.Matrices {
		m := &p.Matrices[i]
		add := func(form *kernel.Form, level kernel.Level, portable bool, calls []kernel.Call) {
			ways = append(ways, way{name: m.Name, form: form, at: l.At(i, level), streams: 1, level: level, portable: portable, calls: calls})
		}
		add(&m.Form, p.Base, true, kernel.PortableCalls(p, l, i))
		before := ""
		for _, level := range p.Levels() {
			calls := MatVecCalls(p, l, i, level)
			if len(calls) > 0 && calls[0].Func != before {
				add(m.At(level), level, false, calls)
				before = calls[0].Func
			}
		}
	}
	return ways
}

// lockstepWays are those of a program of several streams.
func lockstepWays(p *kernel.Program) []way {
	var ways []way
	l := p.Layout()
	for _, layer := range p.Layers {
		for _, in := range layer.Instrs {
			product := in.(kernel.MatVec)
			m := &p.Matrices[product.Matrix]
			w := way{name: m.Name, form: &m.Form, at: l.Matrices[product.Matrix], streams: p.Batch, bias: product.Biased()}
			if w.bias {
				w.name += "/bias"
			}
			w.calls = LockstepCalls(p, l, product)
			ways = append(ways, w)
			w.portable, w.calls = true, kernel.PortableLockstepCalls(p, l, product)
			ways = append(ways, w)
		}
	}
	return ways
}

// operands are the vectors of a product, one of each for a stream. Behind the
// columns src has what a program promises, elements that are not numbers: they may
// be read but must not count.
type operands struct{ init, src [][]float32 }

// operandKinds are what the elements of src may be.
var operandKinds = map[string]func(rng *rand.Rand, src []float32){
	"normal": func(*rand.Rand, []float32) {},
	"denormal": func(rng *rand.Rand, src []float32) {
		for i := range src {
			src[i] = math.Float32frombits(rng.Uint32() & 0x807f_ffff >> rng.IntN(24))
		}
	},
	"huge":         func(rng *rand.Rand, src []float32) { scatter(rng, src, 1, math.MaxFloat32, -math.MaxFloat32) },
	"NaN":          func(rng *rand.Rand, src []float32) { src[rng.IntN(len(src))] = float32(math.NaN()) },
	"infinite":     func(rng *rand.Rand, src []float32) { src[rng.IntN(len(src))] = float32(math.Inf(1)) },
	"-infinite":    func(rng *rand.Rand, src []float32) { src[rng.IntN(len(src))] = float32(math.Inf(-1)) },
	"all of these": func(rng *rand.Rand, src []float32) { scatter(rng, src, 0.3, oddNumbers...) },
}

var oddNumbers = []float32{
	0, float32(math.Copysign(0, -1)), 0x1p-149, -0x1.8p-130, 0x1p-126, math.MaxFloat32, -math.MaxFloat32,
	float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()),
}

// scatter replaces a share of the elements by some of the values.
func scatter(rng *rand.Rand, v []float32, share float64, values ...float32) {
	for i := range v {
		if rng.Float64() < share {
			v[i] = values[rng.IntN(len(values))]
		}
	}
}

// draw makes up operands of a kind. In those of one odd element only one stream
// has it.
func (w *way) draw(rng *rand.Rand, kind string) operands {
	rows, cols := w.form.Packed.Rows(), w.form.Packed.Cols()
	o := operands{init: make([][]float32, w.streams), src: make([][]float32, w.streams)}
	odd := rng.IntN(w.streams)
	for s := range w.streams {
		o.init[s], o.src[s] = make([]float32, rows), make([]float32, kernel.Pad(cols)+kernel.Guard)
		for i := range o.init[s] {
			o.init[s][i] = float32(rng.NormFloat64())
		}
		for i := range o.src[s] {
			o.src[s][i] = float32(rng.NormFloat64())
			if i >= cols {
				o.src[s][i] = float32(math.NaN())
			}
		}
		if s == odd || kind == "denormal" || kind == "huge" {
			operandKinds[kind](rng, o.src[s][:cols])
		}
		if s == odd && kind == "all of these" {
			scatter(rng, o.init[s], 0.2, oddNumbers...)
		}
		if w.bias {
			o.init[s] = o.init[0]
		}
	}
	return o
}

// trial is the product of the way with operands, against the interpreter of its
// packed form. The assembly gives its bits.
func (w *way) trial(t testing.TB, pkg string, o operands) *Trial {
	t.Helper()
	trial := &Trial{Name: w.name, Package: pkg, InPlace: !w.bias, Slack: kernel.ReadAhead}
	if w.portable {
		trial.Name += "/portable"
	} else {
		trial.Name += "/" + w.level.String()
	}
	for _, s := range w.form.Packed.Sections() {
		trial.Sections = append(trial.Sections, s.Data)
	}
	for _, c := range w.calls {
		trial.Calls = append(trial.Calls, w.trialCall(c))
	}
	weights := w.unpacked()
	want, tolerance := make([][]float32, w.streams), make([][]float32, w.streams)
	src := make([][]float32, w.streams)
	for s := range w.streams {
		want[s] = make([]float32, w.form.Packed.Rows())
		w.form.Packed.MulAdd(want[s], o.init[s], o.src[s])
		tolerance[s] = w.tolerance(t, weights, want[s], o.init[s], o.src[s])
		src[s] = o.src[s]
		if w.streams > 1 {
			src[s] = src[s][:weights.Cols]
		}
	}
	trial.Src, trial.Want, trial.Tolerance = interleave(src), interleave(want), interleave(tolerance)
	trial.Init = o.init[0]
	if !w.bias {
		trial.Init = interleave(o.init)
	}
	return trial
}

// unpacked is the matrix that the form stands for.
func (w *way) unpacked() *sparse.Matrix {
	if w.weights == nil {
		w.weights = w.form.Packed.Unpack()
	}
	return w.weights
}

func (w *way) trialCall(c kernel.Call) TrialCall {
	call := TrialCall{Func: kernelKey(c)}
	section := 0
	for _, a := range c.Args {
		arg := TrialArg{Off: a.Off, Len: a.Len, Value: a.Value}
		switch a.Kind {
		case kernel.DstArg:
			arg.Kind = TrialDst
		case kernel.InitArg:
			arg.Kind = TrialInit
		case kernel.SrcArg:
			arg.Kind = TrialSrc
		case kernel.WeightsArg: // a kernel takes sections in their order
			arg.Kind, arg.Section = TrialSection, section
			arg.Off, arg.Len = a.Off-w.at[section], a.Len*a.Elem.Size()
			section++
		case kernel.IntArg:
			arg.Kind = TrialInt
		}
		call.Args = append(call.Args, arg)
	}
	return call
}

// tolerance is that of each row of a trial. Whatever computes it, a row that has a
// weight for an element of src that is not finite must show it. Other rows of its
// group may, where idle lanes multiply it by 0, and there straight-line code,
// which has fewer idle lanes, may differ from the interpreter.
func (w *way) tolerance(t testing.TB, weights *sparse.Matrix, want, init, src []float32) []float32 {
	tolerance := make([]float32, len(want))
	var rounding []float32
	if w.portable {
		rounding = portableTolerance(w.form.Packed, init, src)
	}
	for r := range tolerance {
		reads, magnitude := false, math.Abs(float64(init[r]))
		terms := 0
		for c, v := range weights.Row(r) {
			if v != 0 {
				reads = reads || !finite(src[c])
				magnitude += math.Abs(float64(v) * float64(src[c]))
				terms++
			}
		}
		if reads && finite(want[r]) {
			t.Errorf("%s: row %d has a weight for an element of src that is not finite, and gives %g", w.name, r, want[r])
		}
		switch exact := !w.portable && !w.skipsPadding(); {
		case exact || !w.portable && finite(want[r]):
			tolerance[r] = Equal
		case reads:
			tolerance[r] = float32(math.Inf(1))
		case !finite(want[r]) || magnitude > math.MaxFloat32*largestScale:
			tolerance[r] = AnyNumber // idle lanes, or sums that overflow in one order only
		default:
			tolerance[r] = rounding[r] + float32(terms+8)*0x1p-148 // of denormal products
		}
	}
	return tolerance
}

// largestScale bounds what a form multiplies its sums by: before, they may
// overflow.
const largestScale = 0x1p-16

// skipsPadding says that the kernels leave out steps that only pad, which the
// interpreter takes.
func (w *way) skipsPadding() bool { return straightLine(w.form.Strategy) }

// straightLine says that a strategy has a function for each matrix.
func straightLine(s kernel.Strategy) bool { return s == kernel.Unrolled || s == kernel.ChunkUnrolled }

func finite(v float32) bool { return v-v == 0 }

// String is the way for messages.
func (w *way) String() string {
	return fmt.Sprintf("%s at %s, portable %v", w.name, w.level, w.portable)
}
