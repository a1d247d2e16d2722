package rt

import (
	"math"
	"math/rand"
	"testing"
)

// gates are the pre-activations of a cell: four blocks of hp floats, of which
// the first width of each are random and the padding behind them zero.
func gates(rng *rand.Rand, hp, width int) []float32 {
	x := make([]float32, 4*hp)
	for i := range x {
		if i%hp < width {
			x[i] = float32(rng.NormFloat64() * 2)
		}
	}
	return x
}

// TestCellsAgainstFloat64 compares each cell with its formula. Errors: with
// inputs below 16, each pre-activation is rounded by at most 16·2⁻²⁴ and the
// slopes of σ and tanh are at most 1, so that a gate is off by at most 2⁻²⁰; a
// reset gate multiplies that by up to 16; the states by at most 8 more.
func TestCellsAgainstFloat64(t *testing.T) {
	const hp, width, bound = 32, 19, 0x1p-15
	sigma := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	type input struct {
		h, c, pn float64
		x, r     [4]float64 // px and ph of the lane, by gate
	}
	mix := func(z, n, h float64) float64 { return (1-z)*n + z*h }
	rows := []struct {
		name string
		run  func(h, c, px, ph, pn []float32)
		want func(in input) (h, c float64)
	}{
		{"gruCell", func(h, _, px, ph, _ []float32) { gruCell(h, px, ph) },
			func(in input) (float64, float64) {
				n := math.Tanh(in.x[2] + sigma(in.x[0]+in.r[0])*in.r[2])
				return mix(sigma(in.x[1]+in.r[1]), n, in.h), in.c
			}},
		{"gruReset", func(h, _, px, ph, _ []float32) { gruReset(h, h, px, ph) },
			func(in input) (float64, float64) { return sigma(in.x[0]+in.r[0]) * in.h, in.c }},
		{"gruUpdateTanh", func(h, _, px, ph, pn []float32) { gruUpdateTanh(h, px, ph, pn) },
			func(in input) (float64, float64) {
				return mix(sigma(in.x[1]+in.r[1]), math.Tanh(in.x[2]+in.pn), in.h), in.c
			}},
		{"gruUpdateReLU", func(h, _, px, ph, pn []float32) { gruUpdateReLU(h, px, ph, pn) },
			func(in input) (float64, float64) {
				return mix(sigma(in.x[1]+in.r[1]), max(in.x[2]+in.pn, 0), in.h), in.c
			}},
		{"lstmCell", func(h, c, px, _, _ []float32) { lstmCell(h, c, px) },
			func(in input) (float64, float64) {
				c := sigma(in.x[1])*in.c + sigma(in.x[0])*math.Tanh(in.x[2])
				return sigma(in.x[3]) * math.Tanh(c), c
			}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			rng := rand.New(rand.NewSource(1))
			px, ph := gates(rng, hp, width), gates(rng, hp, width)
			h, c, pn := gates(rng, hp, width)[:hp], gates(rng, hp, width)[:hp], gates(rng, hp, width)[:hp]
			in := make([]input, hp)
			for i := range in {
				in[i] = input{h: float64(h[i]), c: float64(c[i]), pn: float64(pn[i])}
				for g := range 4 {
					in[i].x[g], in[i].r[g] = float64(px[g*hp+i]), float64(ph[g*hp+i])
				}
			}
			row.run(h, c, px, ph, pn)
			for i := range h {
				wantH, wantC := row.want(in[i])
				if math.Abs(float64(h[i])-wantH) > bound || math.Abs(float64(c[i])-wantC) > bound {
					t.Errorf("lane %d: h %g want %g, c %g want %g", i, h[i], wantH, c[i], wantC)
				}
				if i >= width && (h[i] != 0 || c[i] != 0) {
					t.Errorf("padding lane %d: h %g, c %g", i, h[i], c[i])
				}
			}
		})
	}
}
