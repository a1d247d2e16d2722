package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// family is the groups whose settings are the same but for the density.
type family struct {
	name   string
	groups []*group // from the densest
}

// familiesOf are in the order of their first groups. A group that prunes nothing is
// a family of its own.
func familiesOf(groups []group) []family {
	var list []family
	at := map[string]int{}
	for i := range groups {
		g := &groups[i]
		key := g.familyKey()
		k, ok := at[key]
		if !ok {
			k = len(list)
			at[key] = k
			list = append(list, family{name: g.name})
		}
		list[k].groups = append(list[k].groups, g)
	}
	for i := range list {
		list[i].arrange()
	}
	return list
}

// familyKey is equal for the groups of a family.
func (g *group) familyKey() string {
	c := g.results[0].Config
	if g.results[0].Prunable == 0 {
		return g.name
	}
	c.Seed, c.Pruning.Density = 0, 0
	return fmt.Sprintf("%+v", c)
}

// arrange orders the groups, and names the family by a variant with an axis: its
// name says nothing of one density.
func (f *family) arrange() {
	slices.SortStableFunc(f.groups, func(a, b *group) int { return cmp.Compare(a.sparsity(), b.sparsity()) })
	for _, g := range f.groups {
		if variant, _, axis := strings.Cut(g.name, ","); axis && len(f.groups) > 1 {
			f.name = variant
		}
	}
}

// label is what is written beside the point of a group.
func (f *family) label(g *group) string {
	if len(f.groups) == 1 {
		return g.name
	}
	return percent(1 - g.sparsity())
}
