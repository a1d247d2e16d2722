package rt

import (
	"flag"
	"fmt"
	"testing"
)

var wide = flag.Bool("wide", false, "the processor has AVX-512: test its cells")

// wideCells are the cells of AVX-512, in the order of cells.
var wideCells = []func(k *cellCase){
	func(k *cellCase) { gruCellAVX512(&k.h.body[0], &k.px.body[0], &k.ph.body[0], k.hp) },
	func(k *cellCase) { gruResetAVX512(&k.rh.body[0], &k.h.body[0], &k.px.body[0], &k.ph.body[0], k.hp) },
	func(k *cellCase) {
		gruUpdateTanhAVX512(&k.h.body[0], &k.px.body[0], &k.ph.body[0], &k.pn.body[0], k.hp)
	},
	func(k *cellCase) {
		gruUpdateReLUAVX512(&k.h.body[0], &k.px.body[0], &k.ph.body[0], &k.pn.body[0], k.hp)
	},
	func(k *cellCase) { lstmCellAVX512(&k.h.body[0], &k.c.body[0], &k.px.body[0], k.hp) },
}

// TestWideCells holds the cells of AVX-512 against those of AVX2, bit by bit, with
// special numbers in every buffer and memory that cannot be touched around them.
func TestWideCells(t *testing.T) {
	if !*wide {
		t.Skip("the processor has no AVX-512")
	}
	for i, cell := range cells {
		for _, width := range []int{1, 15, 16, 17, 33, 48, 100, 256, 1000} {
			want, got := newCellCase(int64(width), width), newCellCase(int64(width), width)
			for _, k := range []*cellCase{want, got} {
				at := 0
				for _, g := range []guard{k.h, k.c, k.px, k.ph, k.pn} {
					for j := 0; j < len(g.body); j += 5 {
						g.body[j] = specials[at%len(specials)]
						at++
					}
				}
			}
			cell.kernel(want)
			wideCells[i](got)
			others := got.guards()
			for name, g := range want.guards() {
				others[name].check(t, fmt.Sprintf("%s, width %d, %s", cell.name, width, name))
				for j, v := range g.body {
					if !equal(others[name].body[j], v) {
						t.Fatalf("%s, width %d: %s[%d] is %g, with AVX2 %g", cell.name, width, name, j, others[name].body[j], v)
					}
				}
			}
		}
	}
}

// TestWideZeroLength: nothing may be touched, nil pointers included.
func TestWideZeroLength(t *testing.T) {
	if !*wide {
		t.Skip("the processor has no AVX-512")
	}
	gruCellAVX512(nil, nil, nil, 0)
	gruResetAVX512(nil, nil, nil, nil, 0)
	gruUpdateTanhAVX512(nil, nil, nil, nil, 0)
	gruUpdateReLUAVX512(nil, nil, nil, nil, 0)
	lstmCellAVX512(nil, nil, nil, 0)
}

func BenchmarkWideCells(b *testing.B) {
	if !*wide {
		b.Skip("the processor has no AVX-512")
	}
	for i, cell := range cells {
		k := newCellCase(1, 256)
		b.Run(cell.name+"256/avx512", func(b *testing.B) {
			for range b.N {
				wideCells[i](k)
			}
		})
		b.Run(cell.name+"256/avx2", func(b *testing.B) {
			for range b.N {
				cell.kernel(k)
			}
		})
	}
}
