package rt

import "testing"

func TestAVX2Usable(t *testing.T) {
	const all = 1<<12 | 1<<27 | 1<<28
	rows := []struct {
		name             string
		last, ecx1       uint32
		xcr0, ebx7       uint32
		want, wantXGETBV bool
	}{
		{"all", 7, all, 7, 1 << 5, true, true},
		{"old leaf", 6, all, 7, 1 << 5, false, false},
		{"no FMA", 7, all &^ (1 << 12), 7, 1 << 5, false, false},
		{"no OSXSAVE", 7, all &^ (1 << 27), 7, 1 << 5, false, false},
		{"no AVX", 7, all &^ (1 << 28), 7, 1 << 5, false, false},
		{"YMM not saved", 7, all, 3, 1 << 5, false, true},
		{"no AVX2", 7, all, 7, ^uint32(1 << 5), false, true},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			called := false
			cpuid := func(leaf, subleaf uint32) (eax, ebx, ecx, edx uint32) {
				switch {
				case leaf == 0:
					return r.last, 0, 0, 0
				case leaf == 1:
					return 0, 0, r.ecx1, 0
				case leaf == 7 && subleaf == 0:
					return 0, r.ebx7, 0, 0
				}
				t.Fatalf("cpuid(%d, %d)", leaf, subleaf)
				return
			}
			xgetbv := func() (uint32, uint32) { called = true; return r.xcr0, 0 }
			if got := avx2Usable(cpuid, xgetbv); got != r.want || called != r.wantXGETBV {
				t.Errorf("got %v, xgetbv called %v; want %v, %v", got, called, r.want, r.wantXGETBV)
			}
		})
	}
}
