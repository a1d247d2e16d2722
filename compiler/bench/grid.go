package bench

import (
	"math"
	"math/rand/v2"
)

// gridPatterns are those of a grid's products.
var gridPatterns = []string{"iid", "mag", "lane8x8", "lane16x32", "block4x1", "block8x1", "block16x1"}

// Bounds of a grid's products: sides are drawn evenly by their logarithm.
const (
	gridLeast, gridMost       = 64, 3072
	gridThinnest, gridDensest = 0.97, 0.50
)

// Grid draws n products of recurrent layers' sizes, whose patterns take turns.
// The same seed gives the same products.
func Grid(n int, seed uint64) []Product {
	rng := rand.New(rand.NewPCG(seed, 0x9716d))
	side := func() int {
		s := gridLeast * math.Pow(float64(gridMost)/gridLeast, rng.Float64())
		return int(math.Round(s/8)) * 8
	}
	products := make([]Product, n)
	for i := range products {
		p, err := ParsePattern(gridPatterns[i%len(gridPatterns)])
		if err != nil {
			panic("bench: " + err.Error())
		}
		sparsity := gridDensest + (gridThinnest-gridDensest)*rng.Float64()
		products[i] = Product{Rows: side(), Cols: side(), Pattern: p, Sparsity: math.Round(100*sparsity) / 100, Seed: rng.Uint64()}
	}
	return products
}
