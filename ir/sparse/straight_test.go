package sparse

import "testing"

// TestStraightLoads counts by hand: windows at one place share a load, and one across
// a cache line takes two.
func TestStraightLoads(t *testing.T) {
	for _, row := range []struct {
		name    string
		columns []int // of a weight in each group
		want    int
	}{
		{"no weights", nil, 0},
		{"one", []int{3}, 1 + 1 + 1},
		{"side by side", []int{3, 4, 5}, 3 + 1 + 1},
		{"far apart", []int{3, 40}, 2 + 1 + 2},
		{"moved to where it crosses none", []int{9}, 1 + 1 + 1},
		{"two tiles", []int{3, 3, 3, 3, 3, 3, 3, 3, 3}, 8 + 1 + 1 + 1 + 1 + 1},
		{"eight places", []int{0, 20, 40, 60, 80, 100, 120, 140}, 8 + 1 + 8},
	} {
		m := NewMatrix(lanes*max(1, len(row.columns)), 160)
		for g, c := range row.columns {
			m.Row(lanes * g)[c] = 1
		}
		if got := StraightLoads(m); got != row.want {
			t.Errorf("%s: %d loads, want %d", row.name, got, row.want)
		}
		packed, err := PackStraight(m)
		if err != nil {
			t.Fatal(err)
		}
		if vectors := packed.Sections()[0].Data; len(vectors)/(4*lanes) > row.want {
			t.Errorf("%s: %d vectors of words, of %d loads", row.name, len(vectors)/(4*lanes), row.want)
		}
	}
	// A step that needs a window over a line: its weights are as far apart as one is wide.
	m := NewMatrix(lanes, 160)
	m.Row(0)[12], m.Row(1)[19] = 1, 1
	if got := StraightLoads(m); got != 1+1+2 {
		t.Errorf("across a line: %d loads, want 4", got)
	}
}
