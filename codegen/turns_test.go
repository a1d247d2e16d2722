package codegen

import (
	"slices"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/ir/kernel"
)

// TestTurns runs the tests of a package whose products go through their matrix in
// both directions: every other frame from the last rows to the first.
func TestTurns(t *testing.T) {
	p := gru(t, 45)
	turning := 0
	for i := range p.Matrices {
		f := &p.Matrices[i].Form
		if f.Turns = len(f.Ranges) > 1; f.Turns {
			turning++
		}
	}
	if turning == 0 {
		t.Fatalf("no matrix in ranges:\n%s", p)
	}
	dir := module(t, map[string]*kernel.Program{"m": p})
	goTool(t, dir, nil, "vet", "./...")
	goTool(t, dir, nil, "test", "./...")
	goTool(t, dir, nil, "test", "-tags", "purego", "./...")
	for _, f := range emit(t, p, Options{Package: "m"}) {
		if f.Name != "kernels_amd64.go" {
			continue
		}
		// Once in the step, once more in what Run leaves to single frames.
		if n := strings.Count(string(f.Data), "] = !s.back["); n < turning {
			t.Errorf("%d products turn, want at least %d:\n%s", n, turning, f.Data)
		}
	}
}

// TestBackwards wants the calls of the same rows, one for each panel of columns, to
// stay in order.
func TestBackwards(t *testing.T) {
	var calls []kernel.Call
	for _, row := range []int{0, 64, 128} {
		for _, column := range []int{0, 100} {
			args := kernel.Vectors(row, 64, 100)
			args[2].Off = column
			calls = append(calls, kernel.Call{Args: args})
		}
	}
	var got [][2]int
	for _, c := range backwards(calls) {
		got = append(got, [2]int{c.Args[0].Off, c.Args[2].Off})
	}
	if want := [][2]int{{128, 0}, {128, 100}, {64, 0}, {64, 100}, {0, 0}, {0, 100}}; !slices.Equal(got, want) {
		t.Errorf("rows and columns %v, want %v", got, want)
	}
}
