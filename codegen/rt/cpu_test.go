package rt

import (
	"slices"
	"testing"
)

func TestBestLevel(t *testing.T) {
	const (
		all1   = 1<<12 | 1<<27 | 1<<28
		avx2   = 1 << 5
		avx512 = avx2 | 1<<16 | 1<<17 | 1<<28 | 1<<30 | 1<<31
	)
	both := []kernelLevel{levelAVX2, levelAVX512}
	rows := []struct {
		name       string
		last, ecx1 uint32
		xcr0, ebx7 uint32
		levels     []kernelLevel
		want       kernelLevel
		wantXGETBV bool
	}{
		{"all", 7, all1, 0xe7, avx512, both, levelAVX512, true},
		{"not asked for", 7, all1, 0xe7, avx512, both[:1], levelAVX2, true},
		{"only AVX-512 asked for", 7, all1, 0xe7, avx2, both[1:], levelGeneric, true},
		{"no levels", 7, all1, 0xe7, avx512, nil, levelGeneric, false},
		{"no AVX-512 VL", 7, all1, 0xe7, avx512 &^ (1 << 31), both, levelAVX2, true},
		{"ZMM not saved", 7, all1, 7, avx512, both, levelAVX2, true},
		{"masks not saved", 7, all1, 0xc7, avx512, both, levelAVX2, true},
		{"old leaf", 6, all1, 7, avx2, both, levelGeneric, false},
		{"no FMA", 7, all1 &^ (1 << 12), 7, avx2, both, levelGeneric, false},
		{"no OSXSAVE", 7, all1 &^ (1 << 27), 7, avx2, both, levelGeneric, false},
		{"no AVX", 7, all1 &^ (1 << 28), 7, avx2, both, levelGeneric, false},
		{"YMM not saved", 7, all1, 3, avx2, both, levelGeneric, true},
		{"no AVX2", 7, all1, 0xe7, ^uint32(avx2), both, levelGeneric, true},
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
			if got := bestLevel(cpuid, xgetbv, r.levels...); got != r.want || called != r.wantXGETBV {
				t.Errorf("got %v, xgetbv called %v; want %v, %v", got, called, r.want, r.wantXGETBV)
			}
		})
	}
}

func TestLevelNames(t *testing.T) {
	var names []string
	for l := levelGeneric; l <= levelAVX512; l++ {
		names = append(names, l.String())
	}
	if want := []string{"generic", "avx2", "avx512"}; !slices.Equal(names, want) {
		t.Errorf("%q, want %q", names, want)
	}
}
