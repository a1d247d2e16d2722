package sparse

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// TestFMA compares with exact arithmetic, over bit patterns that make the
// product and the summand comparable, cancel, or underflow.
func TestFMA(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	random := func(spread int) float32 {
		v := math.Ldexp(1+rng.Float64(), rng.IntN(2*spread)-spread)
		if rng.IntN(4) == 0 {
			v = math.Ldexp(1, rng.IntN(2*spread)-spread)
		}
		if rng.IntN(2) == 0 {
			v = -v
		}
		return float32(v)
	}
	for i := range 200000 {
		spread := []int{2, 14, 74}[i%3]
		a, b := random(spread), random(spread)
		c := random(2 * spread)
		if i%7 == 0 {
			c = -a * b
		}
		if i%11 == 0 {
			c = float32(math.Ldexp(float64(a)*float64(b), -24+rng.IntN(3))) // half an ulp
		}
		got := fma(a, b, c)
		x := new(big.Float).SetPrec(2000).Mul(big.NewFloat(float64(a)), big.NewFloat(float64(b)))
		x.Add(x, big.NewFloat(float64(c)))
		want, _ := x.Float32()
		if got != want {
			t.Fatalf("fma(%g, %g, %g) = %g, want %g", a, b, c, got, want)
		}
	}
}
