package codegen

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/sparsec/sparsec/ir/sparse"
)

// TestStraighten runs the statements by hand, on weights and elements that are
// small whole numbers, where every order of additions is exact.
func TestStraighten(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	m := sparse.NewMatrix(64, 70)
	for i := range m.Data {
		if rng.Float64() < .5 && i >= 8*70 { // the first rows stay empty
			m.Data[i] = float32(rng.IntN(9) + 1)
		}
	}
	s := straighten(m)
	if len(s.parts) < 2 {
		t.Fatalf("%d functions for %d weights, want several", len(s.parts), len(s.weights))
	}
	row := 0
	for _, p := range s.parts {
		if p.firstRow != row || len(p.statements) > maxUnrolledFunction {
			t.Errorf("function from row %d with %d statements, want row %d and at most %d", p.firstRow, len(p.statements), row, maxUnrolledFunction)
		}
		runStatements(t, p, s.weights, m)
		row += p.rows
	}
	if row != m.Rows {
		t.Errorf("%d rows of %d", row, m.Rows)
	}
}

// runStatements interprets a function with x[c] = c and b[r] = 1000.
func runStatements(t *testing.T, p straightPart, weights []float32, m *sparse.Matrix) {
	t.Helper()
	var acc [4]float32
	for _, line := range p.statements {
		var k, w, c, y, b int
		var op string
		switch {
		case line == "{" || line == "}":
		case scan(line, "a%d %s float32(w[%d] * x[%d])", &k, &op, &w, &c):
			if op == ":=" {
				acc[k] = 0
			}
			acc[k] += weights[w] * float32(c)
		case scan(line, "y[%d] = a%d + b[%d]", &y, &k, &b):
			if want := product(m, p.firstRow+y); acc[k] != want || b != y || want == 0 {
				t.Errorf("%s: row %d gives %v, want %v", line, p.firstRow+y, acc[k], want)
			}
		case scan(line, "y[%d] = b[%d]", &y, &b):
			if want := product(m, p.firstRow+y); want != 0 || b != y {
				t.Errorf("%s: row %d is %v", line, p.firstRow+y, want)
			}
		default:
			t.Errorf("statement %q", line)
		}
	}
}

func scan(line, format string, args ...any) bool {
	n, err := fmt.Sscanf(line, format, args...)
	return err == nil && n == len(args)
}

func product(m *sparse.Matrix, row int) float32 {
	var sum float32
	for c, w := range m.Row(row) {
		sum += w * float32(c)
	}
	return sum
}
