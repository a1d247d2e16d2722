package torch

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// infer makes a description of a plain stack by the names and shapes of its tensors:
// recurrent modules, each as wide as the next one reads, and a Linear behind them.
// Functions leave no tensors: what an RNN has, and what is between two Linears, must be
// described.
func infer(dict *stateDict) (*description, error) {
	g, err := groupsOf(dict)
	if err != nil {
		return nil, err
	}
	order, err := chain(g, dict.ordered)
	if err != nil {
		return nil, err
	}
	d := &description{origin: "as its names say"}
	for _, i := range order {
		d.Modules = append(d.Modules, g[i].options())
	}
	for k, i := range order {
		name := strings.Trim(g[i].prefix, ".")
		switch {
		case strings.HasPrefix(g[i].word, "RNN"):
			return nil, fmt.Errorf("module %q: names do not say whether an RNN's function is tanh or relu; want a description beside the file or by -model:\n%s", name, d.toml())
		case k > 0 && g[order[k-1]].word == "Linear":
			return nil, fmt.Errorf("module %q: names do not say which function is between two Linear; want a description beside the file or by -model:\n%s", name, d.toml())
		}
	}
	return d, nil
}

// group is the tensors of one prefix.
type group struct {
	prefix  string
	names   []string // without the prefix
	word    string
	in, out int
	layers  int
	both    bool
	project int
	bias    bool
}

// recurrentName is a tensor of a recurrent module, without its prefix.
var recurrentName = regexp.MustCompile(`^(?:weight|bias)_(?:ih|hh|hr)(?:_l(\d{1,3})(_reverse)?)?$`)

// groupsOf divides the tensors by module, in the order of the file.
func groupsOf(dict *stateDict) ([]*group, error) {
	byPrefix := map[string]*group{}
	var list []*group
	for _, name := range dict.order {
		cut := strings.LastIndexByte(name, '.') + 1
		g := byPrefix[name[:cut]]
		if g == nil {
			g = &group{prefix: name[:cut]}
			byPrefix[g.prefix] = g
			list = append(list, g)
		}
		g.names = append(g.names, name[cut:])
	}
	var strange []string
	for _, g := range list {
		if !g.recognise(dict) {
			strange = append(strange, describeGroup(dict, g))
		}
	}
	if len(strange) > 0 {
		return nil, fmt.Errorf("no description says how these tensors are used, and they are not those of a plain stack of RNN, GRU or LSTM and Linear:\n  %s\n"+
			"want a description: FILE.toml or FILE.json beside it, or -model FILE, or export it with the file that sparsec export-script prints", strings.Join(strange, "\n  "))
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("no tensors")
	}
	return list, nil
}

// describeGroup lists tensors with their shapes, ten of them at most.
func describeGroup(dict *stateDict, g *group) string {
	var words []string
	for _, n := range g.names[:min(10, len(g.names))] {
		words = append(words, fmt.Sprintf("%s %v", g.prefix+n, dict.tensors[g.prefix+n].Shape))
	}
	if len(g.names) > 10 {
		words = append(words, fmt.Sprintf("and %d more", len(g.names)-10))
	}
	return listed(words)
}

// recognise finds the type of a group and its widths.
func (g *group) recognise(dict *stateDict) bool {
	shape := func(name string) []int { return dict.tensors[g.prefix+name].Shape }
	has := func(name string) bool { return slices.Contains(g.names, name) }
	if has("weight") {
		s := shape("weight")
		g.word, g.bias = "Linear", has("bias")
		if len(s) == 2 {
			g.in, g.out = s[1], s[0]
		}
		return len(s) == 2 && len(g.names) == 1+one(g.bias)
	}
	suffix := ""
	for _, n := range g.names {
		match := recurrentName.FindStringSubmatch(n)
		if match == nil {
			return false
		}
		if match[1] != "" {
			suffix = "_l0"
			var layer int
			fmt.Sscan(match[1], &layer)
			g.layers = max(g.layers, layer+1)
		}
		g.both = g.both || match[2] != ""
		g.bias = g.bias || strings.HasPrefix(n, "bias")
		if strings.HasPrefix(n, "weight_hr") {
			if s := shape(n); len(s) == 2 {
				g.project = s[0]
			}
		}
	}
	return g.recurrent(shape("weight_ih"+suffix), shape("weight_hh"+suffix), suffix == "")
}

// recurrent finds the cell by the number of rows for each unit.
func (g *group) recurrent(ih, hh []int, cell bool) bool {
	if len(ih) != 2 || len(hh) != 2 || hh[1] == 0 {
		return false
	}
	g.in, g.out = ih[1], hh[1]
	switch {
	case g.project > 0:
		g.word = "LSTM"
	case hh[0] == hh[1]:
		g.word = "RNN"
	case hh[0] == 3*hh[1]:
		g.word = "GRU"
	case hh[0] == 4*hh[1]:
		g.word = "LSTM"
	default:
		return false
	}
	if cell {
		g.word += "Cell"
	}
	g.out <<= one(g.both)
	return true
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// maxChain is the largest number of modules that are put in order by their widths.
const maxChain = 16

// chain is the order in which each group reads what the one before makes. In what
// torch.save writes the tensors have the order of the program; elsewhere no other
// order may fit.
func chain(g []*group, ordered bool) ([]int, error) {
	var found [][]int
	if ordered {
		order := make([]int, len(g))
		for i := range order {
			order[i] = i
		}
		if fits(g, order) {
			return order, nil
		}
	} else if len(g) <= maxChain {
		found = chains(g, nil, nil)
	}
	if len(found) == 1 {
		return found[0], nil
	}
	var words []string
	for _, m := range g[:min(len(g), maxChain)] {
		words = append(words, fmt.Sprintf("%s (%s %d→%d)", strings.Trim(m.prefix, "."), m.word, m.in, m.out))
	}
	return nil, fmt.Errorf("the order of the modules does not follow from their widths: %s; want a description: FILE.toml or FILE.json beside it, or -model FILE", listed(words))
}

// chains adds the orders that begin with these groups to those found, two at most.
func chains(g []*group, begin []int, found [][]int) [][]int {
	if len(begin) == len(g) {
		return append(found, slices.Clone(begin))
	}
	for i := range g {
		if next := append(begin, i); !slices.Contains(begin, i) && fits(g, next) && len(found) < 2 {
			found = chains(g, next, found)
		}
	}
	return found
}

// fits reports whether each group reads what the one before makes and no recurrent
// one stands behind a Linear.
func fits(g []*group, order []int) bool {
	for i := 1; i < len(order); i++ {
		before, m := g[order[i-1]], g[order[i]]
		if before.out != m.in || before.word == "Linear" && m.word != "Linear" {
			return false
		}
	}
	return true
}

// options are the group as a module of a description.
func (g *group) options() map[string]any {
	o := map[string]any{"type": g.word, "prefix": strings.Trim(g.prefix, ".")}
	if g.prefix == "" {
		o["name"] = strings.ToLower(g.word)
	}
	if g.layers > 1 {
		o["num_layers"] = int64(g.layers)
	}
	if g.both {
		o["bidirectional"] = true
	}
	if g.project > 0 {
		o["proj_size"] = int64(g.project)
	}
	if !g.bias {
		o["bias"] = false
	}
	return o
}

// summary is the modules in a line.
func (d *description) summary() string {
	var words []string
	for _, o := range d.Modules {
		words = append(words, fmt.Sprintf("%v %v", o["type"], o["prefix"]))
	}
	return strings.Join(words, " → ")
}

// toml is the description as a file, to be completed.
func (d *description) toml() string {
	var b strings.Builder
	for _, o := range d.Modules {
		b.WriteString("[[module]]\n")
		for _, key := range []string{"type", "prefix", "num_layers", "bidirectional", "proj_size", "bias"} {
			if v, ok := o[key].(string); ok {
				fmt.Fprintf(&b, "%s = %q\n", key, v)
			} else if o[key] != nil {
				fmt.Fprintf(&b, "%s = %v\n", key, o[key])
			}
		}
		if strings.HasPrefix(o["type"].(string), "RNN") {
			b.WriteString("nonlinearity = \"tanh\" # or \"relu\"\n")
		}
	}
	return b.String()
}
