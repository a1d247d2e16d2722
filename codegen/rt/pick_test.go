package rt

import (
	"slices"
	"testing"
)

// TestPick moves runs of every kind against their definition, of one vector and of
// three in lockstep, and by a table.
func TestPick(t *testing.T) {
	src := make([]float32, 64)
	for i := range src {
		src[i] = float32(i)
	}
	lockstep := make([]float32, 3*len(src))
	for i := range lockstep {
		lockstep[i] = float32(i/3 + 100*(i%3))
	}
	for _, m := range []struct{ from, count, step, jump, times int }{
		{3, 5, 2, 7, 4}, {60, 4, -3, -2, 9}, {0, 1, 1, 3, 20}, {7, 9, 1, 11, 5}, {0, 16, 4, 1, 4}, {2, 3, 1, 0, 6}, {40, 9, -1, 3, 4}, {63, 64, -1, 0, 1},
	} {
		var elements []int32
		var want, lanes []float32
		for k := range m.times {
			for i := range m.count {
				e := m.from + k*m.jump + i*m.step
				elements = append(elements, int32(e))
				want = append(want, src[e])
				lanes = append(lanes, lockstep[3*e:3*e+3]...)
			}
		}
		got := make([]float32, len(want))
		pick(got, src, m.from, m.count, m.step, m.jump)
		if !slices.Equal(got, want) {
			t.Errorf("%+v: %v, want %v", m, got, want)
		}
		several := make([]float32, len(lanes))
		pickLockstep(several, lockstep, 3, m.from, m.count, m.step, m.jump)
		if !slices.Equal(several, lanes) {
			t.Errorf("%+v in lockstep: %v, want %v", m, several, lanes)
		}
		elements[0], lanes[0], lanes[1], lanes[2] = -1, 0, 0, 0
		gather(several, lockstep, elements, 3)
		if !slices.Equal(several, lanes) {
			t.Errorf("%+v by a table: %v, want %v", m, several, lanes)
		}
	}
}
