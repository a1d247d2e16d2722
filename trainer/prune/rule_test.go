package prune

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/ir/sparse"
)

func TestParseRule(t *testing.T) {
	density := func(d float64) *float64 { return &d }
	for text, want := range map[string]Rule{
		"gru0.weight_hh=0.1":       {Name: "gru0.weight_hh", Density: density(0.1)},
		"gru0.weight_hh[z]=0.2":    {Name: "gru0.weight_hh", Gate: "z", Density: density(0.2)},
		"*_hh[*]=lane8x8":          {Name: "*_hh", Gate: "*", Pattern: &lane8},
		"out.weight=block8x1:0.05": {Name: "out.weight", Pattern: &block8, Density: density(0.05)},
	} {
		r, err := ParseRule(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if r.Name != want.Name || r.Gate != want.Gate || r.String() != want.String() || r.String() != text {
			t.Errorf("%q: parsed as %q, want %q", text, r, want)
		}
	}
	for _, text := range []string{"", "w", "=0.1", "w=", "w=0", "w=1.5", "w=NaN", "w=-1", "w=lane8", "w=lane8x8:", "w=lane8x8:2", "w[=0.1", "w[]=0.1", "[z]=0.1", "w[z=0.1"} {
		if r, err := ParseRule(text); err == nil {
			t.Errorf("%q: parsed as %q, want an error", text, r)
		} else if !strings.Contains(err.Error(), "rule ") {
			t.Errorf("%q: error %q does not say which rule", text, err)
		}
	}
}

func TestGlob(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"gru0.weight_hh", "gru0.weight_hh", true},
		{"gru0.weight_hh", "gru0xweight_hh", false},
		{"gru0", "gru0.weight", false},
		{"*.weight_hh", "enc/gru0.weight_hh", true},
		{"gru?.*", "gru1.weight_ih", true},
		{"gru?.*", "gru10.weight_ih", false},
		{"", "w", false},
	} {
		if got := glob(c.pattern, c.name); got != c.want {
			t.Errorf("glob(%q, %q) = %v", c.pattern, c.name, got)
		}
	}
}

func TestRulesResolve(t *testing.T) {
	params := gru(rand.New(rand.NewPCG(1, 1)))
	resolve := func(texts ...string) map[string][]PartReport {
		t.Helper()
		p := newPruner(t, Options{Schedule: OneShot{}, Pattern: lane8, Density: 0.1, Rules: rules(t, texts...)}, params)
		parts := map[string][]PartReport{}
		for _, r := range p.Report() {
			parts[r.Name] = r.Parts
		}
		return parts
	}

	parts := resolve("*=0.3")
	if _, pruned := parts["embedding.weight"]; pruned || len(parts) != 3 {
		t.Errorf("a wildcard at the front reaches %v, want the three prunable tensors", parts)
	}
	if parts = resolve("embed*=block8x1"); parts["embedding.weight"][0].Pattern != block8 {
		t.Errorf("an embedding that is named: %v", parts["embedding.weight"])
	}

	// Fields are overridden one by one, later rules prevail.
	hh := resolve("gru0.*=0.4", "gru0.weight_hh[z]=element", "*_hh=0.2")["gru0.weight_hh"]
	if len(hh) != 2 || len(hh[0].Gates) != 2 || hh[0].Pattern != lane8 || hh[0].Target != 0.2 ||
		hh[1].Gates[0] != "z" || hh[1].Pattern != (sparse.Pattern{}) || hh[1].Target != 0.2 {
		t.Errorf("parts %+v, want r and n together in lane8x8, z alone element-wise, all 0.2", hh)
	}
	if hh = resolve("gru0.weight_hh[n]=dense")["gru0.weight_hh"]; len(hh) != 1 || len(hh[0].Gates) != 2 {
		t.Errorf("parts %+v, want r and z only", hh)
	}
}

func TestNewRefuses(t *testing.T) {
	ramp := Ramp{Start: 0, Bend: 5, End: 10, Freq: 1, Theta: 1, Phi: 1}
	shot := OneShot{}
	for name, c := range map[string]struct {
		o    Options
		want string
	}{
		"no schedule":        {Options{Density: 0.1}, "no schedule"},
		"no density":         {Options{Schedule: shot}, `"out.weight": density 0`},
		"ramp and density":   {Options{Schedule: ramp, Density: 0.1}, "want none"},
		"ramp and rule":      {Options{Schedule: ramp, Rules: rules(t, "out.weight=0.1")}, "want none"},
		"ramp out of order":  {Options{Schedule: Ramp{Start: 6, Bend: 5, End: 10, Freq: 1}}, "order"},
		"rule about nothing": {Options{Schedule: shot, Density: 0.1, Rules: rules(t, "gru1.*=0.1")}, `"gru1.*=0.1": matches no tensor, want one of embedding.weight, gru0.weight_ih[r z n]`},
		"no such gate":       {Options{Schedule: shot, Density: 0.1, Rules: rules(t, "gru0.weight_hh[x]=0.1")}, "matches no tensor"},
		"gate of none":       {Options{Schedule: shot, Density: 0.1, Rules: rules(t, "out.weight[*]=0.1")}, "matches no tensor"},
		"a bias":             {Options{Schedule: shot, Density: 0.1, Rules: rules(t, "out.bias=0.1")}, "never pruned"},
		"no sides":           {Options{Schedule: shot, Density: 0.1, Pattern: sparse.Pattern{Kind: sparse.KindLane}}, "sides"},
	} {
		params := gru(rand.New(rand.NewPCG(1, 1)))
		if _, err := New(c.o, params); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
	for name, spoil := range map[string]func(p []Param){
		"values":    func(p []Param) { p[2].Value = p[2].Value[1:] },
		"gate hole": func(p []Param) { p[2].Gates = append([]Gate(nil), p[2].Gates...); p[2].Gates[1].Rows.From++ },
		"gates end": func(p []Param) { p[2].Gates = p[2].Gates[:2] },
		"same name": func(p []Param) { p[4].Name = "gru0.weight_hh" },
	} {
		params := gru(rand.New(rand.NewPCG(1, 1)))
		spoil(params)
		if _, err := New(Options{Schedule: shot, Density: 0.1}, params); err == nil || !strings.Contains(err.Error(), "gru0.weight_hh") {
			t.Errorf("%s: error %v, want one that names the tensor", name, err)
		}
	}
}
