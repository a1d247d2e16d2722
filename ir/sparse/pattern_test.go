package sparse

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestParsePattern(t *testing.T) {
	for text, want := range map[string]Pattern{
		"element": {}, "unstructured": {}, "iid": {},
		"dense":      {Kind: KindDense},
		"block8x1":   {KindBlock, 8, 1},
		"block8x4":   {KindBlock, 8, 4},
		"block3x17":  {KindBlock, 3, 17},
		"lane8x8":    {KindLane, 8, 8},
		"lane16x32":  {KindLane, 16, 32},
		"lane1x4096": {KindLane, 1, 4096},
	} {
		got, err := ParsePattern(text)
		if err != nil || got != want {
			t.Errorf("%q: %v, %v, want %v", text, got, err, want)
			continue
		}
		if again, err := ParsePattern(got.String()); err != nil || again != got {
			t.Errorf("%q: its name %q parses to %v, %v", text, got, again, err)
		}
		var p Pattern
		name, err := got.MarshalText()
		if err != nil || p.UnmarshalText(name) != nil || p != got {
			t.Errorf("%q: text %q gives %v, %v", text, name, p, err)
		}
	}
	for _, text := range []string{"", "Element", "block", "lane8", "block8x", "block0x1", "lane8x-1", "block08x1", "block8x1x1", "lane65537x1", "lane+8x8"} {
		if p, err := ParsePattern(text); err == nil {
			t.Errorf("%q: parsed as %v, want an error", text, p)
		}
	}
}

func TestMatches(t *testing.T) {
	draw := func(rows ...string) *Mask {
		m := NewMask(len(rows), len(rows[0]))
		for r, row := range rows {
			for c := range row {
				m.Set(r, c, row[c] == '#')
			}
		}
		return m
	}
	for _, c := range []struct {
		name    string
		mask    *Mask
		pattern string
		spans   []Span
		want    bool
	}{
		{"whole block", draw("##..", "##.."), "block2x2", nil, true},
		{"shifted block", draw(".##.", ".##."), "block2x2", nil, false},
		{"half a block", draw("##..", "#..."), "block2x2", nil, false},
		{"equal rows are no block", draw("#.", ".#"), "block2x2", nil, false},
		{"ragged block", draw("...", "...", "..#"), "block2x2", nil, true},
		{"balanced", draw("#.##", ".###"), "lane2x2", nil, true},
		{"balanced over the row only", draw("##..", "#.#."), "lane2x2", nil, false},
		{"balanced in wider chunks", draw("##..", "#.#."), "lane2x4", nil, true},
		{"group over two gates", draw("#", "#", ".", "."), "lane4x1", nil, false},
		{"group in each gate", draw("#", "#", ".", "."), "lane4x1", []Span{{0, 2}, {2, 4}}, true},
		{"ragged group", draw("##", "##", "#."), "lane2x2", nil, true},
		{"dense", draw("##", "##"), "dense", nil, true},
		{"not dense", draw("##", "#."), "dense", nil, false},
		{"dense where asked", draw("##", "#."), "dense", []Span{{0, 1}}, true},
		{"anything", draw("#.", ".."), "element", nil, true},
	} {
		p, err := ParsePattern(c.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Matches(c.mask, c.spans...); got != c.want {
			t.Errorf("%s: %s matches: %v, want %v", c.name, c.pattern, got, c.want)
		}
	}
}

func TestRecognise(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	m := normalMatrix(r, 96, 100)
	spans := []Span{{0, 32}, {32, 64}, {64, 96}}
	for _, name := range []string{"element", "block4x1", "block8x1", "block16x1", "block8x4", "lane8x8", "lane16x32", "lane8x32"} {
		p, err := ParsePattern(name)
		if err != nil {
			t.Fatal(err)
		}
		mask, err := p.Select(m, 0.2, spans...)
		if err != nil {
			t.Fatal(err)
		}
		found := Recognise(mask, spans...)
		if found[0] != p {
			t.Errorf("%s: recognised as %v", name, found)
		}
		for _, q := range recognised {
			if slices.Contains(found, q) != q.Matches(mask, spans...) {
				t.Errorf("%s: %v is in %v, which Matches denies", name, q, found)
			}
		}
	}
	if found := Recognise(FullMask(9, 9)); found[0].Kind != KindDense {
		t.Errorf("full mask recognised as %v, want dense first", found)
	}
}
