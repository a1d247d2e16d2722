package trainer

import (
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/sparsec/sparsec/ir/sparse"
	"github.com/sparsec/sparsec/trainer/nn"
	"github.com/sparsec/sparsec/trainer/prune"
)

// paperFreq is the paper's number of steps between two masks.
const paperFreq = 100

// span is the part of a run in which masks change, in steps.
type span struct{ begin, bend, end, freq int }

// span turns the fractions into steps.
func (c PruningConfig) span(total, perEpoch int) span {
	at := func(fraction float64) int { return int(math.Round(fraction * float64(total))) }
	s := span{begin: max(at(c.Begin), 0), bend: at(c.Bend), end: max(at(c.End), 1), freq: c.Freq}
	if c.Begin == 0 {
		s.begin = perEpoch
		if total <= 4*perEpoch {
			s.begin = total / 20
		}
	}
	if c.AtEpoch > 0 {
		s.end = c.AtEpoch * perEpoch
	}
	if s.freq == 0 {
		s.freq = min(paperFreq, max((s.end-s.begin)/20, 1))
	}
	return s
}

// schedule is nil when nothing is pruned. q is of a ramp.
func (c PruningConfig) schedule(s span, q float64) prune.Schedule {
	switch c.Schedule {
	case "ramp":
		theta := 2 * q * float64(s.freq) / float64(2*(s.bend-s.begin)+3*(s.end-s.bend))
		return prune.Ramp{Start: s.begin, Bend: s.bend, End: s.end, Freq: s.freq, Theta: theta, Phi: 1.5 * theta}
	case "cubic":
		return prune.Cubic{Begin: s.begin, End: s.end, Freq: s.freq}
	case "oneshot":
		return prune.OneShot{At: s.end}
	case "rigl":
		return prune.RigL{Begin: max(s.begin, 1), End: s.end, Freq: s.freq, Renew: c.Renew}
	case "frozen":
		return prune.Frozen{}
	}
	return nil
}

// pruner makes the pruner of params, nil when nothing is pruned, and returns the
// step from which masks stay as they are.
func (c PruningConfig) pruner(params []prune.Param, total, perEpoch int) (*prune.Pruner, int, error) {
	if c.Schedule == "none" {
		return nil, 0, nil
	}
	s := c.span(total, perEpoch)
	o := prune.Options{Schedule: c.schedule(s, c.q(1)), Pattern: c.Pattern, Density: c.Density, Diagonal: c.Diagonal}
	if c.Schedule == "ramp" {
		o.Rules = c.rampRules(params, s)
	}
	for _, text := range c.Rules {
		rule, err := prune.ParseRule(text)
		if err != nil {
			return nil, 0, err
		}
		o.Rules = append(o.Rules, rule)
	}
	p, err := prune.New(o, params)
	if err != nil {
		return nil, 0, err
	}
	settled := s.end
	if c.Schedule == "frozen" {
		settled = 0
	}
	return p, settled, nil
}

// rampRules gives every tensor the ramp of its own q.
func (c PruningConfig) rampRules(params []prune.Param, s span) []prune.Rule {
	var rules []prune.Rule
	for i := range params {
		if p := &params[i]; p.Prunable {
			rules = append(rules, prune.Rule{Name: p.Name, Schedule: c.schedule(s, c.q(fanIn(p, params)))})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.QOf)) {
		rules = append(rules, prune.Rule{Name: name, Schedule: c.schedule(s, c.QOf[name])})
	}
	return rules
}

// q is the configured one, or a guess.
func (c PruningConfig) q(fanIn int) float64 {
	if c.Q != 0 {
		return c.Q
	}
	return prune.GuessQ(fanIn)
}

// fanIn is the width that a tensor's initial values follow: of both matrices of a
// recurrent layer the number of units, as [nn] draws them.
func fanIn(p *prune.Param, all []prune.Param) int {
	if units, ok := recurrentUnits(p.Name, all); ok {
		return units
	}
	return p.Cols
}

// Ends of the names of a recurrent layer's matrices.
const (
	inputSuffix     = ".weight_ih"
	recurrentSuffix = ".weight_hh"
)

// recurrentUnits is the width of the recurrent matrix beside an input matrix.
func recurrentUnits(name string, all []prune.Param) (int, bool) {
	layer, ok := strings.CutSuffix(name, inputSuffix)
	if !ok {
		return 0, false
	}
	beside := layer + recurrentSuffix
	for i := range all {
		if all[i].Name == beside {
			return all[i].Cols, true
		}
	}
	return 0, false
}

// pruneParams shows parameters to package prune; values are shared.
func pruneParams(params []*nn.Param[float32]) []prune.Param {
	shown := make([]prune.Param, len(params))
	for i, p := range params {
		shown[i] = prune.Param{
			Name: p.Name, Rows: p.Rows, Cols: p.Cols, Value: p.Value, Grad: p.Grad,
			Prunable: p.Prunable, Recurrent: strings.HasSuffix(p.Name, recurrentSuffix),
		}
		for _, b := range p.Blocks {
			shown[i].Gates = append(shown[i].Gates, prune.Gate{Name: b.Gate, Rows: sparse.Span{From: b.Start, To: b.End}})
		}
	}
	return shown
}
