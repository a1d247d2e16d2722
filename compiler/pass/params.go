package pass

import (
	"fmt"
	"math"
	"slices"

	"github.com/sparsec/sparsec/ir"
)

// setParam replaces the parameter of that name, or adds it.
func setParam(m *ir.Model, p *ir.Param) {
	for i := range m.Params {
		if m.Params[i].Name == p.Name {
			m.Params[i] = p
			return
		}
	}
	m.Params = append(m.Params, p)
}

// paramUsers counts how often each parameter is named.
func paramUsers(m *ir.Model) map[string]int {
	users := map[string]int{}
	for _, n := range m.Nodes {
		for _, name := range ir.ParamNames(n.Op) {
			users[name]++
		}
	}
	for _, s := range m.States {
		if s.Init != "" {
			users[s.Init]++
		}
	}
	return users
}

// freshParam is a name that no parameter has: the stem, or the stem with a
// number.
func freshParam(m *ir.Model, stem string) string {
	name := stem
	for i := 2; m.Param(name) != nil; i++ {
		name = fmt.Sprintf("%s.%d", stem, i)
	}
	return name
}

// dropUnused removes the parameters and states that no node names.
func dropUnused(m *ir.Model) {
	states := map[string]bool{}
	for _, n := range m.Nodes {
		for _, name := range ir.StateNames(n.Op) {
			states[name] = true
		}
	}
	m.States = slices.DeleteFunc(m.States, func(s ir.State) bool { return !states[s.Name] })
	users := paramUsers(m)
	m.Params = slices.DeleteFunc(m.Params, func(p *ir.Param) bool { return users[p.Name] == 0 })
}

// allFinite reports whether no sum left the range of float32.
func allFinite(data []float32) bool {
	for _, v := range data {
		if math.IsInf(float64(v), 0) || math.IsNaN(float64(v)) {
			return false
		}
	}
	return true
}

func allZero(data []float32) bool {
	for _, v := range data {
		if v != 0 {
			return false
		}
	}
	return true
}
