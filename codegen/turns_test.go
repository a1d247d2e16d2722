package codegen

import (
	"slices"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/ir/kernel"
)

// TestTurns runs the tests of a package whose recurrent layer goes through the rows of
// its two matrices in both directions, every other step from the last to the first.
func TestTurns(t *testing.T) {
	p := gru(t, 320)
	p.Turn()
	if turns := p.TurnsAt(0, kernel.AVX2); len(turns) != 1 || turns[0].To != 2 || len(turns[0].Shares) != 2 {
		t.Fatalf("turns %v, want one of the first two products in two shares:\n%s", turns, p)
	}
	if err := p.Verify(); err != nil {
		t.Fatal(err)
	}
	dir := module(t, map[string]*kernel.Program{"m": p})
	goTool(t, dir, nil, "vet", "./...")
	goTool(t, dir, nil, "test", "./...")
	goTool(t, dir, nil, "test", "-tags", "purego", "./...")
	for _, f := range emit(t, p, Options{Package: "m"}) {
		if f.Name != "kernels_amd64.go" {
			continue
		}
		_, turn, _ := strings.Cut(string(f.Data), "if s.back {")
		back, there, _ := strings.Cut(turn, "} else {")
		there, _, _ = strings.Cut(there, "\n\t}")
		from, to := strings.Fields(there), strings.Fields(back)
		split := slices.Index(from, to[0]) // of the shares
		if split <= 0 || !slices.Equal(to, slices.Concat(from[split:], from[:split])) {
			t.Errorf("there:%s\nback:%s\nwant one share after the other, and the other way round", there, back)
		}
	}
}
