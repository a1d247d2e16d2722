package sparse

import (
	"math/rand/v2"
	"testing"
)

// TestWindowPanels holds that wide matrices are cut as far as their rows are full,
// whatever empty rows stand between, and that panels cover the columns.
func TestWindowPanels(t *testing.T) {
	for _, row := range []struct {
		cols    int
		density float64
		panels  int
	}{{1000, 0.5, 1}, {1760, 0.1, 1}, {3072, 0.05, 2}, {3072, 0.003, 1}, {3072, 0.1, 2}, {2560, 0.2, 2}, {1760, 0.5, 2}, {5120, 0.1, 3}} {
		m := randomMatrix(rand.New(rand.NewPCG(1, 2)), 16, row.cols, row.density)
		panels := WindowPanels([]*Matrix{m}, NarrowWindow)
		if len(panels) != row.panels {
			t.Errorf("%d columns, density %g: %d panels, want %d", row.cols, row.density, len(panels), row.panels)
		}
		padded := NewMatrix(64, row.cols)
		copy(padded.Data[16*row.cols:], m.Data)
		if got := WindowPanels([]*Matrix{padded}, NarrowWindow); len(got) != len(panels) {
			t.Errorf("%d columns, density %g: %d panels with empty rows, %d without", row.cols, row.density, len(got), len(panels))
		}
		at := 0
		for _, p := range panels {
			if p.From != at || p.Len() <= 0 || p.Len() > panelColumns && len(panels) > 1 {
				t.Errorf("%d columns: panel %v behind column %d", row.cols, p, at)
			}
			at = p.To
		}
		if at != row.cols {
			t.Errorf("%d columns: panels end at %d", row.cols, at)
		}
	}
}
