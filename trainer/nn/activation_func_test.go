package nn

import (
	"math"
	"testing"
)

// functions32 are the element-wise functions as networks call them, by assembly
// where there is some, with the largest error that is promised.
var functions32 = []struct {
	name  string
	all   func(x []float32)
	exact func(x float64) float64
	most  float64 // absolute error
	ulps  float64
}{
	{"tanh", tanhFloat32, math.Tanh, 4e-7, 6},
	{"sigmoid", sigmoidFloat32, func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }, 2e-7, math.Inf(1)},
}

func TestFunctionsOverAllMagnitudes(t *testing.T) {
	var x []float32
	everyFloat32(func(v float32) { x = append(x, v) })
	for _, f := range functions32 {
		y := append([]float32(nil), x...)
		f.all(y)
		var most, ulps float64
		for i, v := range x {
			want := f.exact(float64(v))
			off := math.Abs(float64(y[i]) - want)
			most, ulps = max(most, off), max(ulps, off/ulp(want))
			if y[i] < -1 || y[i] > 1 {
				t.Fatalf("%s(%v) = %v, outside [-1, 1]", f.name, v, y[i])
			}
		}
		t.Logf("%s: largest error %.3g, %.2f units in the last place", f.name, most, ulps)
		if !(most <= f.most && ulps <= f.ulps) {
			t.Errorf("%s: largest error %.3g, %.2f units in the last place, want at most %.3g and %v", f.name, most, ulps, f.most, f.ulps)
		}
	}
}

// TestFunctionsOfAnyLength: an element has the same bits wherever it stands and
// however many there are, and what lies beside the slice stays.
func TestFunctionsOfAnyLength(t *testing.T) {
	const guard = 123
	value := func(i int) float32 { return float32(i%41-20) / 3 }
	for _, f := range functions32 {
		for _, n := range []int{0, 1, 3, 7, 8, 9, 15, 16, 17, 64, 100, 1<<15 + 5} {
			for offset := range 3 {
				x := make([]float32, offset+n+8)
				for i := range x {
					x[i] = guard
				}
				for i := range n {
					x[offset+i] = value(i)
				}
				f.all(x[offset : offset+n])
				for i, got := range x {
					want := []float32{guard}
					if i >= offset && i < offset+n {
						want[0] = value(i - offset)
						f.all(want)
					}
					if math.Float32bits(got) != math.Float32bits(want[0]) {
						t.Fatalf("%s of %d elements at offset %d: element %d is %v, want %v", f.name, n, offset, i-offset, got, want[0])
					}
				}
			}
		}
	}
}

func TestFunctionsOfSpecialValues(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, f := range functions32 {
		x := []float32{float32(math.NaN()), inf, -inf, 0}
		f.all(x)
		least := float32(-1)
		if f.name == "sigmoid" {
			least = 0
		}
		if x[0] == x[0] || x[1] != 1 || x[2] != least || x[3] != (1+least)/2 {
			t.Errorf("%s of NaN, +Inf, -Inf, 0: %v, want NaN, 1, %v, %v", f.name, x, least, (1+least)/2)
		}
	}
}

func TestFunctionsDoNotAllocate(t *testing.T) {
	x := make([]float32, 77)
	for _, f := range functions32 {
		if n := testing.AllocsPerRun(10, func() { f.all(x) }); n != 0 {
			t.Errorf("%s: %v allocations, want none", f.name, n)
		}
	}
}

// TestSoftmax holds the softmax of float32 against float64, of every length about
// a group of the assembly.
func TestSoftmax(t *testing.T) {
	for n := 1; n <= 40; n++ {
		x, y, want := make([]float32, n), make([]float32, n), make([]float64, n)
		best, sum := 0, 0.0
		for i := range x {
			x[i] = float32((i*7919+n*31)%53)/3 - 8
			if x[i] > x[best] {
				best = i
			}
		}
		for i, v := range x {
			want[i] = math.Exp(float64(v) - float64(x[best]))
			sum += want[i]
		}
		got := softmaxAll(y, x, best, make([]float32, softmaxRoom(n)))
		if math.Abs(got/sum-1) > 1e-6 {
			t.Errorf("%d elements: sum %v, want %v", n, got, sum)
		}
		for i, p := range y {
			if math.Abs(float64(p)-want[i]/sum) > 1e-6*want[i]/sum {
				t.Errorf("%d elements: element %d is %v, want %v", n, i, p, want[i]/sum)
			}
		}
		x[n/2] = float32(math.NaN())
		if got := softmaxAll(y, x, best, make([]float32, softmaxRoom(n))); got == got {
			t.Errorf("%d elements with NaN: sum %v", n, got)
		}
	}
}
