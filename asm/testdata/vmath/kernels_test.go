// Package rt here is what the test of package asm puts together: the portable
// kernels, the assembly of the same kernels, and this file, which holds the two
// against each other and against float64.
package rt

import (
	"flag"
	"fmt"
	"math"
	"math/rand"
	"runtime"
	"sync"
	"testing"
	"unsafe"
)

var exhaustive = flag.Bool("exhaustive", false, "test all 2^32 arguments of the activations")

// Error bounds in ulp of the result; see asm/vmath.go.
const (
	boundSigmoid = 2.5
	boundTanh    = 2.6
	boundTwin    = 0.75
	boundApart   = 2 // between the assembly and the Go form
)

// ulp is the distance of float32 numbers at |v|.
func ulp(v float64) float64 {
	e := int(math.Float64bits(v)>>52&0x7ff) - 1023
	return math.Float64frombits(uint64(max(e, -126)-23+1023) << 52)
}

// sigmoidRef and tanhRef leave out the costly functions where series are exact
// to more than 50 bits.
func sigmoidRef(x float64) float64 {
	switch a := math.Abs(x); {
	case a < 0x1p-27:
		return 0.5 + x/4
	case x > 105:
		return 1
	case x < -110:
		return 0
	}
	return 1 / (1 + math.Exp(-x))
}

func tanhRef(x float64) float64 {
	switch a := math.Abs(x); {
	case a < 0x1p-14:
		return x - x*x*x/3
	case a > 20:
		return math.Copysign(1, x)
	}
	return math.Tanh(x)
}

// flushed is where sigmoid is 0 by contract: where −|x|/ln 2, with the kernels'
// float32 constant, rounds to −127, the tie included.
func flushed(x float32) bool { return float64(x)*1.4426950216293335 <= -126.5 }

// extreme records the largest value seen and where.
type extreme struct {
	v float64
	x float32
}

func (e *extreme) see(v float64, x float32) {
	if v > e.v || v != v {
		*e = extreme{v, x}
	}
}

// errors are the largest errors of an activation, in ulp: of the assembly and of
// the Go form against float64, and between the two.
type errors struct{ kernel, twin, apart extreme }

func (e *errors) merge(o errors) {
	e.kernel.see(o.kernel.v, o.kernel.x)
	e.twin.see(o.twin.v, o.twin.x)
	e.apart.see(o.apart.v, o.apart.x)
}

// sweep runs all arguments, or every 1009th, through check in vectors of 4096,
// on all cores, and returns the largest of the errors it gives.
func sweep(check func(x, scratch []float32) errors) errors {
	stride := uint64(1009)
	if *exhaustive {
		stride = 1
	}
	workers := runtime.GOMAXPROCS(0)
	var mu sync.Mutex
	var wg sync.WaitGroup
	var all errors
	for w := range workers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			const n = 4096
			x, scratch := make([]float32, n), make([]float32, n)
			step := stride * n
			for from := step * uint64(w); from < 1<<32; from += step * uint64(workers) {
				for i := range x {
					x[i] = math.Float32frombits(uint32(from + stride*uint64(i)))
				}
				e := check(x, scratch)
				mu.Lock()
				all.merge(e)
				mu.Unlock()
			}
		}()
	}
	wg.Wait()
	return all
}

func TestActivationErrors(t *testing.T) {
	rows := []struct {
		name   string
		kernel func(dst, src *float32, n int)
		twin   func(float32) float32
		ref    func(float64) float64
		flush  func(float32) bool
		bound  float64
	}{
		{"sigmoid", sigmoidAVX2, sigmoid1, sigmoidRef, flushed, boundSigmoid},
		{"tanh", tanhAVX2, tanh1, tanhRef, func(float32) bool { return false }, boundTanh},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			worst := sweep(func(x, got []float32) (e errors) {
				row.kernel(&got[0], &x[0], len(x))
				for i, v := range x {
					g, w := got[i], row.twin(v)
					if v != v || row.flush(v) {
						if !(g != g && w != w && v != v) && !(g == 0 && w == 0 && v == v) {
							e.apart.see(math.Inf(1), v)
						}
						continue
					}
					ref := row.ref(float64(v))
					u := ulp(ref)
					e.kernel.see(math.Abs(float64(g)-ref)/u, v)
					e.twin.see(math.Abs(float64(w)-ref)/u, v)
					e.apart.see(math.Abs(float64(g)-float64(w))/u, v)
					if math.Signbit(float64(g)) != math.Signbit(float64(w)) || g > 1 || g < -1 {
						e.apart.see(math.Inf(1), v)
					}
				}
				return e
			})
			for _, m := range []struct {
				what  string
				got   extreme
				bound float64
			}{
				{"assembly", worst.kernel, row.bound},
				{"Go", worst.twin, boundTwin},
				{"assembly against Go", worst.apart, boundApart},
			} {
				t.Logf("%s: largest error %.3f ulp at %g", m.what, m.got.v, m.got.x)
				if !(m.got.v <= m.bound) {
					t.Errorf("%s: %.3f ulp at %g (%#x), bound %g", m.what, m.got.v, m.got.x, math.Float32bits(m.got.x), m.bound)
				}
			}
		})
	}
}

// guard has floats directly before or behind a page that cannot be touched (on
// linux), and on the other side canaries that stray stores would change.
type guard struct {
	all, body []float32
	from      int // of the body
}

const (
	canary  = float32(-12345)
	margin  = 32
	special = 12 // arguments from specials in front of random ones
)

// sides says on which side the next guard has its page.
var sides = rand.New(rand.NewSource(7))

func newGuard(n int) guard {
	pages := reserve(4 * (n + margin))
	all := unsafe.Slice((*float32)(unsafe.Pointer(&pages[0])), len(pages)/4)
	g := guard{all: all[:n+margin]}
	if sides.Intn(2) == 0 {
		g.all, g.from = all[len(all)-margin-n:], margin
	}
	for i := range g.all {
		g.all[i] = canary
	}
	g.body = g.all[g.from:][:n:n]
	clear(g.body)
	return g
}

// start is the address of the body, which may be empty.
func (g guard) start() *float32 { return unsafe.SliceData(g.body) }

func (g guard) check(t *testing.T, name string) {
	t.Helper()
	for i, v := range g.all {
		if (i < g.from || i >= g.from+len(g.body)) && v != canary {
			t.Fatalf("%s: stray store at %d of %d: %g", name, i-g.from, len(g.body), v)
		}
	}
}

var specials = [special]float32{
	0, float32(math.Copysign(0, -1)), float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()),
	1e-45, -1e-45, 1e-38, -3e38, 3e38, 88, -88,
}

func fill(rng *rand.Rand, x []float32, scale float64) {
	for i := range x {
		x[i] = float32(rng.NormFloat64() * scale)
	}
}

func equal(a, b float32) bool {
	return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b
}

// TestElementwise compares the kernels that round like their twins bit by bit.
func TestElementwise(t *testing.T) {
	unary := []struct {
		name   string
		kernel func(dst, src *float32, n int)
		twin   func(dst, src []float32)
	}{
		{"relu", reluAVX2, relu},
		{"clippedReLU", func(d, s *float32, n int) { clippedReLUAVX2(d, s, n, 20) }, func(d, s []float32) { clippedReLU(d, s, 20) }},
		{"leakyReLU", func(d, s *float32, n int) { leakyReLUAVX2(d, s, n, 0.01) }, func(d, s []float32) { leakyReLU(d, s, 0.01) }},
		{"leakyReLU", func(d, s *float32, n int) { leakyReLUAVX2(d, s, n, -2) }, func(d, s []float32) { leakyReLU(d, s, -2) }},
		{"hardSigmoid", func(d, s *float32, n int) { hardSigmoidAVX2(d, s, n, 0.2, 0.5) }, func(d, s []float32) { hardSigmoid(d, s, 0.2, 0.5) }},
		{"affine", func(d, s *float32, n int) { affineAVX2(d, s, n, 1.3, -0.7) }, func(d, s []float32) { affine(d, s, 1.3, -0.7) }},
		{"clamp", func(d, s *float32, n int) { clampAVX2(d, s, n, -1.5, 2) }, func(d, s []float32) { clamp(d, s, -1.5, 2) }},
		{"sqrt", sqrtAVX2, sqrt},
	}
	binary := []struct {
		name   string
		kernel func(dst, a, b *float32, n int)
		twin   func(dst, a, b []float32)
	}{
		{"add", addAVX2, add}, {"sub", subAVX2, sub}, {"mul", mulAVX2, mul}, {"div", divAVX2, div},
		{"largest", largestAVX2, largest}, {"smallest", smallestAVX2, smallest},
	}
	rng := rand.New(rand.NewSource(1))
	for n := 0; n <= 256; n += 8 {
		a, b, want := newGuard(n), newGuard(n), make([]float32, n)
		fill(rng, a.body, 20)
		fill(rng, b.body, 20)
		copy(a.body, specials[:])
		for i := range b.body[:n/2] { // every special number beside others
			b.body[i] = specials[(i+i/len(specials))%len(specials)]
		}
		for _, row := range unary {
			got := newGuard(n)
			row.kernel(got.start(), a.start(), n)
			row.twin(want, a.body)
			got.check(t, row.name)
			for i := range want {
				if !equal(got.body[i], want[i]) {
					t.Errorf("%s(%g): assembly %g, Go %g", row.name, a.body[i], got.body[i], want[i])
				}
			}
		}
		for _, row := range binary {
			got := newGuard(n)
			row.kernel(got.start(), a.start(), b.start(), n)
			row.twin(want, a.body, b.body)
			got.check(t, row.name)
			for i := range want {
				if !equal(got.body[i], want[i]) {
					t.Errorf("%s(%g, %g): assembly %g, Go %g", row.name, a.body[i], b.body[i], got.body[i], want[i])
				}
			}
		}
	}
}

// TestRoundsUp: a length that is no multiple of eight covers the vector it
// ends in, and no more.
func TestRoundsUp(t *testing.T) {
	x, y := newGuard(24), newGuard(24)
	for i := range x.body {
		x.body[i] = 1
	}
	addAVX2(&y.body[0], &x.body[0], &x.body[0], 9)
	for i, v := range y.body {
		if want := map[bool]float32{true: 2, false: 0}[i < 16]; v != want {
			t.Errorf("element %d is %g, want %g", i, v, want)
		}
	}
}

func TestSoftmax(t *testing.T) {
	rng := rand.New(rand.NewSource(3))
	for n := 0; n <= 130; n++ {
		padded := (n + 7) &^ 7
		x, got, want := newGuard(padded), newGuard(padded), make([]float32, padded)
		// Far below zero, so that padding read as data would be the maximum.
		for i := range n {
			x.body[i] = float32(rng.NormFloat64()*10 - 60)
		}
		for i := range got.body {
			got.body[i] = 7
		}
		softmaxAVX2(got.start(), x.start(), n)
		softmax(want, x.body, n)
		got.check(t, "softmax")

		m, sum := math.Inf(-1), 0.0
		for _, v := range x.body[:n] {
			m = max(m, float64(v))
		}
		for _, v := range x.body[:n] {
			sum += math.Exp(float64(v) - m)
		}
		for i := range n {
			// v−m is rounded once, by up to |v−m|·2⁻²⁴; then the exponential, n/8
			// additions of equal sign for the sum, and the division.
			d := m - float64(x.body[i])
			ref := math.Exp(-d) / sum
			bound := ref * (d + 60 + 2.2 + float64(n)/8 + 3 + 1) * 0x1p-24
			for name, y := range map[string]float32{"assembly": got.body[i], "Go": want[i]} {
				if e := math.Abs(float64(y) - ref); !(e <= bound+0x1p-126) {
					t.Errorf("n=%d: %s gives %g for %g, want %g: error %.2g, bound %.2g", n, name, y, x.body[i], ref, e, bound)
				}
			}
		}
		for i := n; i < padded; i++ {
			if got.body[i] != 0 || want[i] != 0 {
				t.Errorf("n=%d: padding lane %d holds %g and %g", n, i, got.body[i], want[i])
			}
		}
		if n > 0 { // in place
			softmaxAVX2(&x.body[0], &x.body[0], n)
			for i, v := range x.body {
				if v != got.body[i] {
					t.Fatalf("n=%d: in place %g, else %g", n, v, got.body[i])
				}
			}
		}
	}
}

func TestSoftmaxSpecials(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, row := range []struct {
		src  []float32
		want []float32 // nil: all NaN
	}{
		{[]float32{-inf, 0, 0}, []float32{0, 0.5, 0.5}},
		{[]float32{0, -200, -1e30}, []float32{1, 0, 0}},
		{[]float32{3e38, -3e38}, []float32{1, 0}},
		{[]float32{inf, 0}, nil},
		{[]float32{-inf, -inf}, nil},
		{[]float32{0, float32(math.NaN()), 1, 2, 3, 4, 5, 6, 7, 8}, nil},
	} {
		n := len(row.src)
		x, got, want := make([]float32, 16), make([]float32, 16), make([]float32, 16)
		copy(x, row.src)
		softmaxAVX2(&got[0], &x[0], n)
		softmax(want, x, n)
		for i := range got {
			w := float32(0)
			if i < n && row.want == nil {
				w = float32(math.NaN())
			} else if i < n {
				w = row.want[i]
			}
			if !equal(got[i], w) || !equal(want[i], w) {
				t.Errorf("softmax(%v)[%d]: assembly %g, Go %g, want %g", row.src, i, got[i], want[i], w)
			}
		}
	}
}

// cellCase is a set of buffers for one hidden size; h and c are states.
type cellCase struct {
	hp                   int
	h, c, px, ph, pn, rh guard
}

// newCellCase fills the first width of hp lanes of every block.
func newCellCase(seed int64, width int) *cellCase {
	hp := (width + 15) &^ 15
	k := &cellCase{hp: hp, h: newGuard(hp), c: newGuard(hp), px: newGuard(4 * hp), ph: newGuard(4 * hp), pn: newGuard(hp), rh: newGuard(hp)}
	rng := rand.New(rand.NewSource(seed))
	for _, b := range []struct {
		x     []float32
		scale float64
	}{{k.h.body, 0.7}, {k.c.body, 1.5}, {k.px.body, 3}, {k.ph.body, 3}, {k.pn.body, 3}} {
		for from := 0; from < len(b.x); from += hp {
			fill(rng, b.x[from:from+width], b.scale)
		}
	}
	return k
}

func (k *cellCase) guards() map[string]guard {
	return map[string]guard{"h": k.h, "c": k.c, "px": k.px, "ph": k.ph, "pn": k.pn, "rh": k.rh}
}

// ref is a cell in float64 for lane i: the new h (or rh) and c.
type refCell func(k *cellCase, i int) (h, c float64)

func pre(k *cellCase, gate, i int) float64 {
	return float64(k.px.body[gate*k.hp+i]) + float64(k.ph.body[gate*k.hp+i])
}

func sigma(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

var cells = []struct {
	name         string
	kernel, twin func(k *cellCase)
	ref          refCell
}{
	{
		"gruCell",
		func(k *cellCase) { gruCellAVX2(&k.h.body[0], &k.px.body[0], &k.ph.body[0], k.hp) },
		func(k *cellCase) { gruCell(k.h.body, k.px.body, k.ph.body) },
		func(k *cellCase, i int) (float64, float64) {
			n := math.Tanh(float64(k.px.body[2*k.hp+i]) + sigma(pre(k, 0, i))*float64(k.ph.body[2*k.hp+i]))
			z := sigma(pre(k, 1, i))
			return (1-z)*n + z*float64(k.h.body[i]), float64(k.c.body[i])
		},
	}, {
		"gruReset",
		func(k *cellCase) { gruResetAVX2(&k.rh.body[0], &k.h.body[0], &k.px.body[0], &k.ph.body[0], k.hp) },
		func(k *cellCase) { gruReset(k.rh.body, k.h.body, k.px.body, k.ph.body) },
		func(k *cellCase, i int) (float64, float64) {
			return sigma(pre(k, 0, i)) * float64(k.h.body[i]), float64(k.c.body[i])
		},
	}, {
		"gruUpdateTanh",
		func(k *cellCase) {
			gruUpdateTanhAVX2(&k.h.body[0], &k.px.body[0], &k.ph.body[0], &k.pn.body[0], k.hp)
		},
		func(k *cellCase) { gruUpdateTanh(k.h.body, k.px.body, k.ph.body, k.pn.body) },
		func(k *cellCase, i int) (float64, float64) {
			n := math.Tanh(float64(k.px.body[2*k.hp+i]) + float64(k.pn.body[i]))
			z := sigma(pre(k, 1, i))
			return (1-z)*n + z*float64(k.h.body[i]), float64(k.c.body[i])
		},
	}, {
		"gruUpdateReLU",
		func(k *cellCase) {
			gruUpdateReLUAVX2(&k.h.body[0], &k.px.body[0], &k.ph.body[0], &k.pn.body[0], k.hp)
		},
		func(k *cellCase) { gruUpdateReLU(k.h.body, k.px.body, k.ph.body, k.pn.body) },
		func(k *cellCase, i int) (float64, float64) {
			n := max(float64(k.px.body[2*k.hp+i])+float64(k.pn.body[i]), 0)
			z := sigma(pre(k, 1, i))
			return (1-z)*n + z*float64(k.h.body[i]), float64(k.c.body[i])
		},
	}, {
		"lstmCell",
		func(k *cellCase) { lstmCellAVX2(&k.h.body[0], &k.c.body[0], &k.px.body[0], k.hp) },
		func(k *cellCase) { lstmCell(k.h.body, k.c.body, k.px.body) },
		func(k *cellCase, i int) (float64, float64) {
			x := func(gate int) float64 { return float64(k.px.body[gate*k.hp+i]) }
			c := sigma(x(1))*float64(k.c.body[i]) + sigma(x(0))*math.Tanh(x(2))
			return sigma(x(3)) * math.Tanh(c), c
		},
	},
}

// cellBound bounds the error of lane i, in absolute terms. With u = 2⁻²⁴ and M
// the largest magnitude among the lane's inputs and 1: a pre-activation is
// rounded by ≤ 2M·u; σ and tanh have slopes ≤ 1 and errors ≤ 2.6·u of values
// ≤ 1; r·ph.n moves the next pre-activation by M times r's error (¼·2M·u +
// 2.5u) and two roundings; the last sums add ≤ 4M·u. Together below
// (M²/2 + 14M + 10)·u for each of the cells.
func cellBound(k *cellCase, i int) float64 {
	m := 1.0
	for _, g := range k.guards() {
		for at := i; at < len(g.body); at += k.hp {
			m = max(m, math.Abs(float64(g.body[at])))
		}
	}
	return (m*m/2 + 14*m + 10) * 0x1p-24
}

func TestCells(t *testing.T) {
	for _, cell := range cells {
		t.Run(cell.name, func(t *testing.T) {
			worst := 0.0
			for _, width := range []int{1, 7, 8, 15, 16, 17, 33, 100, 256, 1000} {
				in, got, twin := newCellCase(int64(width), width), newCellCase(int64(width), width), newCellCase(int64(width), width)
				cell.kernel(got)
				cell.twin(twin)
				for name, g := range got.guards() {
					g.check(t, fmt.Sprintf("%s, width %d, %s", cell.name, width, name))
				}
				for i := range in.hp {
					wantH, wantC := cell.ref(in, i)
					bound := cellBound(in, i)
					for name, k := range map[string]*cellCase{"assembly": got, "Go": twin} {
						h := k.h.body[i]
						if cell.name == "gruReset" {
							h = k.rh.body[i]
						}
						eh, ec := math.Abs(float64(h)-wantH), math.Abs(float64(k.c.body[i])-wantC)
						worst = max(worst, eh/bound, ec/bound)
						if !(eh <= bound) || !(ec <= bound) {
							t.Fatalf("%s, width %d, lane %d: h %g want %g, c %g want %g, bound %.3g", name, width, i, h, wantH, k.c.body[i], wantC, bound)
						}
						if i >= width && (h != 0 || k.c.body[i] != 0) {
							t.Fatalf("%s, width %d: padding lane %d holds h %g, c %g", name, width, i, h, k.c.body[i])
						}
					}
				}
			}
			t.Logf("largest error %.3f of the bound", worst)
		})
	}
}

// TestCellSpecials feeds infinite and NaN pre-activations: gates saturate,
// states stay finite, and NaN stays in its own lane.
func TestCellSpecials(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, cell := range cells {
		for i, run := range []func(*cellCase){cell.kernel, cell.twin} {
			k := newCellCase(5, 16)
			for gate := range 4 {
				px, ph := k.px.body[gate*16:], k.ph.body[gate*16:]
				px[0], ph[0] = inf, 1
				px[1], ph[1] = -inf, 1
				px[2] = float32(math.NaN())
			}
			k.pn.body[0], k.pn.body[1] = 1, 1
			if cell.name == "gruUpdateReLU" {
				k.px.body[2*16] = 1 // an infinite candidate times 1−z = 0 is rightly NaN
			}
			run(k)
			out := k.h.body
			if cell.name == "gruReset" {
				out = k.rh.body
			}
			for lane, v := range out {
				isNaN := v != v
				if isNaN != (lane == 2) {
					t.Errorf("%s (form %d): lane %d holds %g", cell.name, i, lane, v)
				}
			}
		}
	}
}

// TestZeroLength: nothing may be touched, nil pointers included.
func TestZeroLength(t *testing.T) {
	sigmoidAVX2(nil, nil, 0)
	tanhAVX2(nil, nil, 0)
	softmaxAVX2(nil, nil, 0)
	addAVX2(nil, nil, nil, 0)
	gruCellAVX2(nil, nil, nil, 0)
	gruResetAVX2(nil, nil, nil, nil, 0)
	gruUpdateTanhAVX2(nil, nil, nil, nil, 0)
	gruUpdateReLUAVX2(nil, nil, nil, nil, 0)
	lstmCellAVX2(nil, nil, nil, 0)
}

func BenchmarkCells(b *testing.B) {
	for _, cell := range cells {
		k := newCellCase(1, 256)
		h, c := append([]float32(nil), k.h.body...), append([]float32(nil), k.c.body...)
		for name, run := range map[string]func(*cellCase){"avx2": cell.kernel, "go": cell.twin} {
			b.Run(cell.name+"256/"+name, func(b *testing.B) {
				copy(k.h.body, h)
				copy(k.c.body, c)
				for range b.N {
					run(k)
				}
			})
		}
	}
}

func BenchmarkMath(b *testing.B) {
	x, y := make([]float32, 1040), make([]float32, 1040)
	fill(rand.New(rand.NewSource(1)), x, 3)
	for _, row := range []struct {
		name string
		run  func()
	}{
		{"tanh1024/avx2", func() { tanhAVX2(&y[0], &x[0], 1024) }},
		{"tanh1024/go", func() { tanh(y[:1024], x[:1024]) }},
		{"sigmoid1024/avx2", func() { sigmoidAVX2(&y[0], &x[0], 1024) }},
		{"sigmoid1024/go", func() { sigmoid(y[:1024], x[:1024]) }},
		{"softmax100/avx2", func() { softmaxAVX2(&y[0], &x[0], 100) }},
		{"softmax100/go", func() { softmax(y, x, 100) }},
		{"relu1024/avx2", func() { reluAVX2(&y[0], &x[0], 1024) }},
	} {
		b.Run(row.name, func(b *testing.B) {
			for range b.N {
				row.run()
			}
		})
	}
}
