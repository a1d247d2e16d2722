package prune

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/sparsec/sparsec/ir/sparse"
)

// Rule overrides how the tensors and gates that it matches are pruned. Fields
// that are nil change nothing; of rules that match the same gate the later one
// prevails, field by field.
type Rule struct {
	// Name is the tensor's name, in which * stands for any characters and ? for
	// one.
	Name string
	// Gate is the name of a gate, with the same wildcards. Each gate it matches
	// gets a budget of its own; the gates that no such rule matches share one.
	// Empty: the rule is about the whole tensor.
	Gate string

	Pattern  *sparse.Pattern // dense: not pruned
	Density  *float64
	Schedule Schedule
}

// ParseRule reads a rule as NAME=VALUE or NAME[GATE]=VALUE, where VALUE is a
// density, a pattern, or PATTERN:DENSITY:
//
//	gru0.weight_hh=0.1
//	gru0.weight_hh[z]=0.2
//	*.weight_ih=lane8x8:0.3
//	out.weight=dense
func ParseRule(text string) (Rule, error) {
	target, value, ok := strings.Cut(text, "=")
	if !ok || target == "" {
		return Rule{}, fmt.Errorf("rule %q: want NAME=VALUE or NAME[GATE]=VALUE", text)
	}
	var r Rule
	r.Name = target
	if name, gate, ok := strings.Cut(target, "["); ok {
		r.Name, r.Gate = name, strings.TrimSuffix(gate, "]")
		if r.Gate == "" || r.Gate == gate || name == "" {
			return Rule{}, fmt.Errorf("rule %q: want a gate in brackets after the name, as in gru0.weight_hh[z]=0.2", text)
		}
	}
	if err := r.parseValue(value); err != nil {
		return Rule{}, fmt.Errorf("rule %q: %w", text, err)
	}
	return r, nil
}

func (r *Rule) parseValue(value string) error {
	density, err := strconv.ParseFloat(value, 64)
	if err == nil {
		r.Density = &density
		return checkDensity(density)
	}
	name, share, both := strings.Cut(value, ":")
	pattern, err := sparse.ParsePattern(name)
	if err != nil {
		return fmt.Errorf("value %q: want a density, a pattern or pattern:density; %w", value, err)
	}
	r.Pattern = &pattern
	if !both {
		return nil
	}
	if density, err = strconv.ParseFloat(share, 64); err != nil {
		return fmt.Errorf("density %q: want a number above 0 and up to 1", share)
	}
	r.Density = &density
	return checkDensity(density)
}

// String is the rule as [ParseRule] reads it, but for a schedule.
func (r Rule) String() string {
	var b strings.Builder
	b.WriteString(r.Name)
	if r.Gate != "" {
		b.WriteString("[" + r.Gate + "]")
	}
	b.WriteString("=")
	if r.Pattern != nil {
		b.WriteString(r.Pattern.String())
	}
	if r.Pattern != nil && r.Density != nil {
		b.WriteString(":")
	}
	if r.Density != nil {
		b.WriteString(strconv.FormatFloat(*r.Density, 'g', -1, 64))
	}
	return b.String()
}

// applies reports whether the rule is about a gate of a parameter. A tensor
// that is not prunable has to be named: a wildcard at the front does not reach
// it, and vectors are out of reach.
func (r Rule) applies(p *Param, g Gate) bool {
	if !glob(r.Name, p.Name) {
		return false
	}
	if !p.Prunable && (p.vector() || strings.IndexAny(r.Name, "*?") == 0) {
		return false
	}
	return r.Gate == "" || g.Name != "" && glob(r.Gate, g.Name)
}

// glob matches a whole name; * is any characters, ? one.
func glob(pattern, name string) bool {
	expression := regexp.QuoteMeta(pattern)
	expression = strings.ReplaceAll(expression, `\*`, `.*`)
	expression = strings.ReplaceAll(expression, `\?`, `.`)
	return regexp.MustCompile(`(?s)^` + expression + `$`).MatchString(name)
}

func checkDensity(d float64) error {
	if !(d > 0 && d <= 1) {
		return fmt.Errorf("density %v: want above 0 and up to 1", d)
	}
	return nil
}
