package kernel

import (
	"math/rand/v2"
	"testing"

	"github.com/sparsec/sparsec/ir/sparse"
)

func sample(t *testing.T) []sparse.Packed {
	rng := rand.New(rand.NewPCG(1, 2))
	m := sparse.NewMatrix(200, 70)
	for i := range m.Data {
		if rng.IntN(8) == 0 && i/70/8 != 3 { // one group of empty rows
			m.Data[i] = 1 + rng.Float32()
		}
	}
	must := func(p sparse.Packed, err error) sparse.Packed {
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	block := func(height int) sparse.Packed {
		b, err := sparse.PackBlock(m, height)
		return must(b, err)
	}
	window := func(form sparse.IndexForm) sparse.Packed {
		w, err := sparse.PackWindow(m, form)
		return must(w, err)
	}
	panels := sparse.NewMatrix(208, 2500) // more than one tile of chunks
	for i := range panels.Data {
		if rng.IntN(20) == 0 {
			panels.Data[i] = 1 + rng.Float32()
		}
	}
	straight, err := sparse.PackStraight(m)
	must(straight, err)
	wide, err := sparse.PackWideWindow(m)
	must(wide, err)
	copies, err := sparse.PackWindowCopies(panels)
	halves := []sparse.Span{{From: 0, To: 1300}, {From: 1300, To: 2500}}
	cut := func(p *sparse.Panels, err error) sparse.Packed { return must(p, err) }
	list := []sparse.Packed{sparse.PackDense(m), block(4), block(8), block(16),
		window(sparse.Mantissa), window(sparse.Exponent), window(sparse.Fixed), wide, must(copies, err), cut(sparse.PackWindowPanels(panels, halves, sparse.Fixed, sparse.NarrowWindow)),
		cut(sparse.PackWindowPanels(panels, halves, sparse.Exponent, sparse.WideWindow)), cut(sparse.PackBlockPanels(panels, halves, 4)), cut(sparse.PackBlockPanels(panels, halves, 16)), straight, sparse.PackChunk(m), sparse.PackChunk(panels)}
	chunks, err := sparse.PackFixedChunk(panels)
	list = append(list, must(chunks, err), cut(sparse.PackFixedChunkPanels(panels, halves)))
	for _, precision := range sparse.Precisions()[1:] {
		dense, err := sparse.PackDenseIn(precision, m)
		list = append(list, must(dense, err))
		for _, height := range []int{4, 8, 16} {
			b, err := sparse.PackBlockIn(precision, m, height)
			list = append(list, must(b, err))
		}
		reduced, err := sparse.PackReducedWindow(precision, m)
		list = append(list, must(reduced, err))
	}
	return list
}

func TestRangesFor(t *testing.T) {
	for _, packed := range sample(t) {
		m := packed.(divisible)
		for _, maxBytes := range []int{1, 3000, 9000, 0} {
			at := 0
			for _, r := range RangesFor(m, maxBytes) {
				if r.From != at || r.To <= r.From || r.From%m.Granule() != 0 {
					t.Fatalf("%T at %d: range %v after %d", m, maxBytes, r, at)
				}
				if n := m.Bytes(r.From, r.To); n > maxBytes && r.To-r.From > m.Granule() && maxBytes != 0 {
					t.Errorf("%T at %d: range %v has %d bytes", m, maxBytes, r, n)
				}
				at = r.To
			}
			if at != m.Rows()/8 {
				t.Errorf("%T at %d: ranges end at %d of %d groups", m, maxBytes, at, m.Rows()/8)
			}
		}
		total := 0
		for _, s := range packed.Sections() {
			total += len(s.Data)
		}
		if n := m.Bytes(0, m.Rows()/8); n != total {
			t.Errorf("%T: %d bytes for all groups, sections hold %d", m, n, total)
		}
	}
}

// TestPortableCalls holds that the slices of a matrix's calls cover the sections
// exactly, in order.
func TestPortableCalls(t *testing.T) {
	p := &Program{}
	for _, packed := range sample(t) {
		p.Matrices = append(p.Matrices, Matrix{Form: Form{Packed: packed}})
	}
	l := p.Layout()
	for i, m := range p.Matrices {
		sections := m.Packed.Sections()
		covered := make([]int, len(sections)) // bytes
		calls := PortableCalls(p, l, i)
		for k, c := range calls {
			if onto := c.Args[1].Kind == DstArg; onto != (k > 0) {
				t.Errorf("%T: call %d of %d adds to dst: %v", m.Packed, k, len(calls), onto)
			}
			j := 0
			for _, a := range c.Args {
				if a.Kind != WeightsArg {
					continue
				}
				if want := l.Matrices[i][j] + covered[j]; a.Off != want {
					t.Errorf("%T, section %s: argument %+v, want offset %d", m.Packed, sections[j].Name, a, want)
				}
				covered[j] += a.Len * a.Elem.Size()
				j++
			}
		}
		for j, s := range sections {
			if covered[j] != len(s.Data) {
				t.Errorf("%T, section %s: arguments cover %d of %d bytes", m.Packed, s.Name, covered[j], len(s.Data))
			}
		}
	}
}
