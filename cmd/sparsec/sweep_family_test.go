package main

import (
	"reflect"
	"testing"

	"github.com/sparsec/sparsec/ir/sparse"
	"github.com/sparsec/sparsec/trainer"
	"github.com/sparsec/sparsec/trainer/sweep"
)

// TestFamilies: groups that differ by their density and seed only are one curve, from
// the densest, named by the variant that has the axis; dense ones stand alone.
func TestFamilies(t *testing.T) {
	cell := func(name string, pattern sparse.Pattern, density float64, seed uint64) group {
		c := trainer.Config{Seed: seed, Pruning: trainer.PruningConfig{Pattern: pattern, Density: density}}
		r := &sweep.Result{Group: name, Config: c}
		if density > 0 {
			r.Prunable, r.Kept = 100, int(100*density)
		}
		return group{name: name, results: []*sweep.Result{r}}
	}
	groups := []group{
		cell("dense", sparse.Pattern{}, 0, 0),
		cell("dense-too", sparse.Pattern{}, 0, 0),
		cell("sparse90", sparse.Pattern{}, 0.1, 0),
		cell("block", sparse.Pattern{Kind: sparse.KindBlock, R: 8, C: 1}, 0.1, 0),
		cell("sparse,density=0.05", sparse.Pattern{}, 0.05, 1),
		cell("sparse,density=0.2", sparse.Pattern{}, 0.2, 2),
	}
	var got [][]string
	for _, f := range familiesOf(groups) {
		names := []string{f.name}
		for _, g := range f.groups {
			names = append(names, f.label(g))
		}
		got = append(got, names)
	}
	want := [][]string{{"dense", "dense"}, {"dense-too", "dense-too"}, {"sparse", "20.0 %", "10.0 %", "5.0 %"}, {"block", "block"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("families %q, want %q", got, want)
	}
}
