package prune

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/sparsec/sparsec/ir/sparse"
)

// State is all that a [Pruner] remembers, as named arrays for a checkpoint:
//
//	mask/TENSOR       bytes, as sparse.Mask.Bytes lays them out
//	level/TENSOR      the level of each part's last mask
//	threshold/TENSOR  the threshold of each part's last mask
//	regrown/TENSOR    weights regrown in the last mask, and in all
//
// Options are not in it: a run is resumed with those it was started with.
type State struct {
	Bytes  map[string][]byte
	Floats map[string][]float64
}

const (
	maskKey      = "mask/"
	levelKey     = "level/"
	thresholdKey = "threshold/"
	regrownKey   = "regrown/"
)

// Export copies the pruner's state.
func (p *Pruner) Export() State {
	s := State{Bytes: map[string][]byte{}, Floats: map[string][]float64{}}
	for _, t := range p.tensors {
		s.Bytes[maskKey+t.name] = t.mask.Bytes()
		levels, thresholds := make([]float64, len(t.parts)), make([]float64, len(t.parts))
		for i := range t.parts {
			levels[i], thresholds[i] = t.parts[i].level, t.parts[i].threshold
		}
		s.Floats[levelKey+t.name], s.Floats[thresholdKey+t.name] = levels, thresholds
		s.Floats[regrownKey+t.name] = []float64{float64(t.regrown), float64(t.regrownTotal)}
	}
	return s
}

// Import puts a state back that [Pruner.Export] made, with the same options and
// parameters. Whatever is missing, left over or has another size is reported,
// and then nothing is changed.
func (p *Pruner) Import(s State) error {
	restored := make([]*tensor, len(p.tensors))
	known := map[string]bool{}
	var faults []error
	for i, t := range p.tensors {
		var err error
		if restored[i], err = t.restore(s); err != nil {
			faults = append(faults, err)
		}
		for _, key := range []string{maskKey, levelKey, thresholdKey, regrownKey} {
			known[key+t.name] = true
		}
	}
	for _, key := range append(slices.Sorted(maps.Keys(s.Bytes)), slices.Sorted(maps.Keys(s.Floats))...) {
		if !known[key] {
			faults = append(faults, fmt.Errorf("pruning state %q: no such tensor is pruned", key))
		}
	}
	if err := errors.Join(faults...); err != nil {
		return err
	}
	p.tensors = restored
	return nil
}

// restore returns the tensor as a state has it.
func (t *tensor) restore(s State) (*tensor, error) {
	bits, regrown := s.Bytes[maskKey+t.name], s.Floats[regrownKey+t.name]
	mask, err := sparse.MaskFromBytes(t.rows, t.cols, bits)
	if err != nil {
		return nil, fmt.Errorf("pruning state %q: %w", maskKey+t.name, err)
	}
	for _, key := range []string{levelKey, thresholdKey} {
		if n := len(s.Floats[key+t.name]); n != len(t.parts) {
			return nil, fmt.Errorf("pruning state %q: %d numbers, want %d", key+t.name, n, len(t.parts))
		}
	}
	if len(regrown) != 2 || !isCount(regrown[0]) || !isCount(regrown[1]) {
		return nil, fmt.Errorf("pruning state %q: %v, want two counts", regrownKey+t.name, regrown)
	}
	r := *t
	r.mask, r.regrown, r.regrownTotal = mask, int(regrown[0]), int(regrown[1])
	r.parts = slices.Clone(t.parts)
	for i := range r.parts {
		r.parts[i].level, r.parts[i].threshold = s.Floats[levelKey+t.name][i], s.Floats[thresholdKey+t.name][i]
	}
	return &r, nil
}

// isCount: a whole number that a float64 holds exactly.
func isCount(v float64) bool { return v >= 0 && v <= 1<<53 && v == math.Trunc(v) }
