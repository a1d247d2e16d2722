package asm

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// reducedPackings are the packed forms of weights that are not float32.
var reducedPackings = func() []string {
	var list []string
	for _, p := range sparse.Precisions()[1:] {
		for _, form := range []string{"dense", "block4", "block8", "block16", "window"} {
			list = append(list, form+"/"+p.String())
		}
	}
	return list
}()

// packReduced packs in one of these forms.
func packReduced(how string, m *sparse.Matrix) (sparse.Packed, kernel.Strategy, error) {
	form, text, _ := strings.Cut(how, "/")
	precision, err := sparse.ParsePrecision(text)
	if err != nil {
		return nil, 0, err
	}
	switch form {
	case "dense":
		packed, err := sparse.PackDenseIn(precision, m)
		return packed, kernel.Dense, err
	case "window":
		packed, err := sparse.PackReducedWindow(precision, m)
		return packed, kernel.Window, err
	case "block4", "block8", "block16":
		var height int
		fmt.Sscanf(form, "block%d", &height)
		packed, err := sparse.PackBlockIn(precision, m, height)
		return packed, kernel.Block, err
	}
	return nil, 0, fmt.Errorf("no packing %q", how)
}

// BenchmarkReduced times the kernels of every precision side by side. It runs as
// BenchmarkMatVec does.
func BenchmarkReduced(b *testing.B) {
	for _, shape := range benchmarkShapes([][2]int{{512, 128}, {1152, 384}, {1760, 1760}, {3072, 3072}, {7680, 2560}, {10704, 3568}}) {
		rng := rand.New(rand.NewPCG(1, 2))
		p := &kernel.Program{Name: "m"}
		add := func(name string, m *sparse.Matrix, form string, full string) {
			addMatrix(b, p, name, m, full, 0)
			for _, precision := range sparse.Precisions()[1:] {
				addMatrix(b, p, name, m, form+"/"+precision.String(), 0)
			}
		}
		name := fmt.Sprintf("%dx%d", shape[0], shape[1])
		add(name, iid(rng, shape[0], shape[1], 1, 1), "dense", "dense")
		for _, density := range []float64{0.2, 0.1, 0.05} {
			add(fmt.Sprintf("%s/%.2f/iid", name, density), iid(rng, shape[0], shape[1], 1, density), "window", "exact")
		}
		lane := fmt.Sprintf("%s/%.2f/lane", name, 0.1)
		add(lane, laneBalanced(rng, shape[0], shape[1], 8, 8, 0.1), "window", "exact")
		for _, height := range []int{4, 8, 16} {
			form := fmt.Sprintf("block%d", height)
			add(fmt.Sprintf("%s/0.10", name), iid(rng, shape[0], shape[1], height, 0.1), form, form)
		}
		dir := matvecModule(b, p, "matvec_times.txt")
		// A benchmark's log is cut short.
		fmt.Print(runModule(b, dir, "test", "-v", "-run", "TestTimes"))
	}
}

// benchmarkShapes are those of the given shapes that MATVEC_SHAPES names, if it
// does.
func benchmarkShapes(shapes [][2]int) [][2]int {
	only := strings.FieldsFunc(os.Getenv("MATVEC_SHAPES"), func(r rune) bool { return r == ',' })
	if len(only) == 0 {
		return shapes
	}
	var list [][2]int
	for _, s := range shapes {
		for _, name := range only {
			if name == fmt.Sprintf("%dx%d", s[0], s[1]) {
				list = append(list, s)
			}
		}
	}
	return list
}
