package prune

import (
	"fmt"

	"github.com/sparsec/sparsec/ir/sparse"
)

// Pruner holds the masks of the tensors that are pruned.
type Pruner struct {
	tensors []*tensor // in the order of the parameters
}

type tensor struct {
	name       string
	rows, cols int
	parts      []part
	mask       *sparse.Mask

	// Weights that were pruned and take part again: in the last mask, and in
	// all masks so far.
	regrown, regrownTotal int
}

// New returns a pruner that has pruned nothing yet. Options that do not fit
// together or the parameters are an error that lists all faults.
func New(o Options, params []Param) (*Pruner, error) {
	targets, err := o.targets(params)
	if err != nil {
		return nil, err
	}
	p := &Pruner{}
	for i, parts := range targets {
		if len(parts) > 0 {
			rows, cols := params[i].Rows, params[i].Cols
			p.tensors = append(p.tensors, &tensor{
				name: params[i].Name, rows: rows, cols: cols,
				parts: parts, mask: sparse.FullMask(rows, cols),
			})
		}
	}
	return p, nil
}

// Due reports whether any mask is recomputed after update itr.
func (p *Pruner) Due(itr int) bool {
	for _, t := range p.tensors {
		if t.due(itr) {
			return true
		}
	}
	return false
}

// AfterStep is called after every update of the optimiser with the number of
// updates done. It recomputes the masks that are due from the values as they
// are, and then sets all pruned weights to zero. Parameters are found by name;
// one that is missing or has another shape is an error, and no value is changed.
func (p *Pruner) AfterStep(itr int, params []Param) error {
	found, err := p.find(params)
	if err != nil {
		return err
	}
	for i, t := range p.tensors {
		if t.due(itr) {
			if err := t.recompute(itr, found[i]); err != nil {
				return fmt.Errorf("tensor %q: %w", t.name, err)
			}
		}
		t.mask.Apply(found[i].matrix())
	}
	return nil
}

// Adopt makes the exact zeros of the parameters the masks: pruning goes on from
// a model that is already pruned.
func (p *Pruner) Adopt(params []Param) error {
	found, err := p.find(params)
	if err != nil {
		return err
	}
	for i, t := range p.tensors {
		t.mask = sparse.MaskOf(found[i].matrix())
		t.keepOutside()
	}
	return nil
}

// Mask is a copy of the mask of a tensor, nil if it is not pruned.
func (p *Pruner) Mask(name string) *sparse.Mask {
	for _, t := range p.tensors {
		if t.name == name {
			return t.mask.Clone()
		}
	}
	return nil
}

// find returns the parameters of the pruned tensors.
func (p *Pruner) find(params []Param) ([]*Param, error) {
	index := make(map[string]*Param, len(params))
	for i := range params {
		index[params[i].Name] = &params[i]
	}
	found := make([]*Param, len(p.tensors))
	for i, t := range p.tensors {
		q := index[t.name]
		if q == nil {
			return nil, fmt.Errorf("tensor %q: is pruned but not among the parameters", t.name)
		}
		if q.Rows != t.rows || q.Cols != t.cols || len(q.Value) != t.rows*t.cols {
			return nil, fmt.Errorf("tensor %q: shape [%d %d] with %d values, want [%d %d]", t.name, q.Rows, q.Cols, len(q.Value), t.rows, t.cols)
		}
		found[i] = q
	}
	return found, nil
}

func (t *tensor) due(itr int) bool {
	for _, part := range t.parts {
		if part.schedule.Due(itr) {
			return true
		}
	}
	return false
}

// recompute makes the mask anew for the parts that are due. The values are
// those that the update left, not yet masked: a pruned weight is judged by its
// update.
func (t *tensor) recompute(itr int, p *Param) error {
	before := t.mask
	t.mask = before.Clone()
	for i := range t.parts {
		part := &t.parts[i]
		if !part.schedule.Due(itr) {
			continue
		}
		part.level = part.schedule.Level(itr, part.density)
		kept, err := t.choose(itr, part, before, p)
		if err != nil {
			return err
		}
		t.mask = t.mask.AndNot(t.rowsOf(part)).Or(kept)
	}
	t.regrown = t.mask.AndNot(before).Count()
	t.regrownTotal += t.regrown
	return nil
}

// choose returns the mask of a part.
func (t *tensor) choose(itr int, part *part, before *sparse.Mask, p *Param) (*sparse.Mask, error) {
	if r, ok := part.schedule.(RigL); ok && r.grows(itr) {
		return t.renew(part, r.Share(itr), before, p)
	}
	units, err := part.units(p.matrix())
	if err != nil {
		return nil, err
	}
	kept := part.schedule.Keep(units, part.pattern, part.level)
	part.threshold = part.level
	if part.schedule.WantsDensity() {
		part.threshold = units.Least(kept)
	}
	return kept, nil
}

// units are those of a part, scored by a matrix; those of a kept diagonal above
// all others.
func (p *part) units(scores *sparse.Matrix) (*sparse.Units, error) {
	if p.diagonal {
		scores = withDiagonal(scores, p.spans)
	}
	return p.pattern.Units(scores, p.spans...)
}

// rowsOf is the mask of a part's rows.
func (t *tensor) rowsOf(p *part) *sparse.Mask {
	rows := sparse.NewMask(t.rows, t.cols)
	for _, s := range p.spans {
		rows.Fill(s)
	}
	return rows
}

// keepOutside keeps the rows of gates that are not pruned.
func (t *tensor) keepOutside() {
	pruned := sparse.NewMask(t.rows, t.cols)
	for i := range t.parts {
		pruned = pruned.Or(t.rowsOf(&t.parts[i]))
	}
	t.mask = t.mask.Or(pruned.Not())
}
