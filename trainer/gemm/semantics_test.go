package gemm

import (
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
)

// TestSameBits holds every instruction set and number of workers against each
// other: all sum in the same order.
func TestSameBits(t *testing.T) {
	all := implementations()
	rng := rand.New(rand.NewPCG(5, 6))
	for _, s := range [][3]int{{5, 3, 2}, {32, 200, 70}, {200, 32, 530}, {157, 163, 171}, {32, 259, 300}, {46, 200, 270}, {300, 310, 1030}} {
		for range 4 {
			p := newProblem(rng, s[0], s[1], s[2])
			want := p.run(all[0].blas)
			for _, im := range all[1:] {
				for i, x := range p.run(im.blas) {
					if math.Float32bits(x) != math.Float32bits(want[i]) {
						t.Fatalf("%v: element %d is %g with %s, %g with %s", p, i, x, im.name, want[i], all[0].name)
					}
				}
			}
		}
	}
}

// TestConcurrentCalls lets many goroutines share one implementation.
func TestConcurrentCalls(t *testing.T) {
	for _, im := range implementations() {
		var group sync.WaitGroup
		for seed := range uint64(6) {
			group.Go(func() {
				rng := rand.New(rand.NewPCG(seed, 7))
				for range 10 {
					newProblem(rng, 60+rng.IntN(80), 60+rng.IntN(80), 60+rng.IntN(80)).check(t, im)
				}
			})
		}
		group.Wait()
	}
}

func TestBetaZeroOverwritesNaN(t *testing.T) {
	for _, im := range implementations() {
		for _, beta := range []float32{0, float32(math.Copysign(0, -1))} {
			for _, alpha := range []float32{0, 2} {
				c := []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.NaN())}
				im.blas.Sgemm(blas.NoTrans, blas.NoTrans, 1, 3, 1, alpha, []float32{3}, 1, []float32{1, 2, 3}, 3, beta, c, 3)
				for j, x := range c {
					if want := alpha * 3 * float32(j+1); x != want {
						t.Errorf("%s: alpha=%g beta=%g: C[%d] = %g, want %g", im.name, alpha, beta, j, x, want)
					}
				}
			}
		}
	}
}

func TestNothingToMultiply(t *testing.T) {
	nan := float32(math.NaN())
	for _, im := range implementations() {
		c := []float32{1, 2}
		im.blas.Sgemm(blas.NoTrans, blas.NoTrans, 1, 2, 0, 1, nil, 1, nil, 2, 3, c, 2)
		if c[0] != 3 || c[1] != 6 {
			t.Errorf("%s: k = 0: C = %v, want beta·C = [3 6]", im.name, c)
		}
		im.blas.Sgemm(blas.NoTrans, blas.NoTrans, 1, 2, 1, 0, []float32{nan}, 1, []float32{nan, nan}, 2, 2, c, 2)
		if c[0] != 6 || c[1] != 12 {
			t.Errorf("%s: alpha = 0: C = %v, want beta·C = [6 12]", im.name, c)
		}
		im.blas.Sgemm(blas.NoTrans, blas.NoTrans, 0, 0, 0, 1, nil, 1, nil, 1, 1, nil, 1)
	}
}

func TestNaNAndInfinityPropagate(t *testing.T) {
	for _, im := range implementations() {
		c := make([]float32, 2)
		b := []float32{float32(math.NaN()), float32(math.Inf(1))}
		im.blas.Sgemm(blas.NoTrans, blas.NoTrans, 1, 2, 1, 1, []float32{0}, 1, b, 2, 0, c, 2)
		if im.name != "gonum" && (c[0] == c[0] || c[1] == c[1]) {
			t.Errorf("%s: 0·NaN, 0·Inf = %v, want NaN for both", im.name, c)
		}
	}
}

// TestPanics holds the panics of wrong arguments against gonum's own.
func TestPanics(t *testing.T) {
	x := make([]float32, 16)
	calls := map[string]func(blas.Float32){
		"transpose A": func(b blas.Float32) { b.Sgemm('x', 'N', 4, 4, 4, 1, x, 4, x, 4, 0, x, 4) },
		"transpose B": func(b blas.Float32) { b.Sgemm('N', 'x', 4, 4, 4, 1, x, 4, x, 4, 0, x, 4) },
		"m":           func(b blas.Float32) { b.Sgemm('N', 'N', -1, 4, 4, 1, x, 4, x, 4, 0, x, 4) },
		"n":           func(b blas.Float32) { b.Sgemm('N', 'N', 4, -1, 4, 1, x, 4, x, 4, 0, x, 4) },
		"k":           func(b blas.Float32) { b.Sgemm('N', 'N', 4, 4, -1, 1, x, 4, x, 4, 0, x, 4) },
		"lda":         func(b blas.Float32) { b.Sgemm('N', 'N', 4, 4, 4, 1, x, 3, x, 4, 0, x, 4) },
		"ldb":         func(b blas.Float32) { b.Sgemm('N', 'T', 4, 4, 4, 1, x, 4, x, 3, 0, x, 4) },
		"ldc":         func(b blas.Float32) { b.Sgemm('N', 'N', 4, 4, 4, 1, x, 4, x, 4, 0, x, 3) },
		"short A":     func(b blas.Float32) { b.Sgemm('T', 'N', 4, 4, 4, 1, x[1:], 4, x, 4, 0, x, 4) },
		"short B":     func(b blas.Float32) { b.Sgemm('N', 'N', 4, 4, 4, 1, x, 4, x[1:], 4, 0, x, 4) },
		"short C":     func(b blas.Float32) { b.Sgemm('N', 'N', 4, 4, 4, 1, x, 4, x, 4, 0, x[1:], 4) },
	}
	message := func(call func(blas.Float32), b blas.Float32) (m any) {
		defer func() { m = recover() }()
		call(b)
		return nil
	}
	var reference Implementation // without assembly
	for name, call := range calls {
		want := message(call, &reference)
		if want == nil {
			t.Fatalf("%s: gonum does not panic", name)
		}
		for _, im := range implementations() {
			if got := message(call, im.blas); got != want {
				t.Errorf("%s: %s panics with %v, want %v", name, im.name, got, want)
			}
		}
	}
}

func TestAbsurdStrideIsNotFollowed(t *testing.T) {
	x := make([]float32, 16)
	for _, im := range implementations() {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", im.name)
				}
			}()
			im.blas.Sgemm(blas.NoTrans, blas.NoTrans, 5, 4, 4, 1, x, math.MaxInt/4+1, x, 4, 0, make([]float32, 20), 4)
		}()
	}
}

func TestRegister(t *testing.T) {
	before := blas32.Implementation()
	defer blas32.Use(before)
	if im := Register(1); blas32.Implementation() != blas.Float32(im) {
		t.Error("Register did not install its result")
	}
}
