package schedule

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/sparsec/sparsec/ir/sparse"
)

// Weights say how matrices store their weights.
type Weights struct {
	Tensor    string // pattern of names of tensors, see [Match]; * for all
	Precision sparse.Precision
}

// reducedStrategies are those of weights that are not float32.
func reducedStrategies() []Strategy {
	var all []Strategy
	for _, p := range sparse.Precisions()[1:] {
		all = append(all, Strategy{Kernel: Dense, Weights: p})
		for _, height := range []int{4, 8, 16} {
			all = append(all, Strategy{Kernel: Block, Height: height, Weights: p})
		}
		all = append(all, Strategy{Kernel: Window, Weights: p})
	}
	return all
}

func (s Strategy) reducedName() string {
	family := map[Kernel]string{Dense: "dense", Block: fmt.Sprintf("block%d", s.Height), Window: "window"}[s.Kernel]
	return family + "/" + s.Weights.String()
}

// reducedPacked is a packed matrix that can be cut into ranges of rows.
type reducedPacked interface {
	sparse.Packed
	Granule() int
	Bytes(from, to int) int
}

// PackReduced packs a matrix for a strategy of weights that are not float32.
func (s Strategy) PackReduced(m *sparse.Matrix) (reducedPacked, error) {
	switch s.Kernel {
	case Dense:
		return sparse.PackDenseIn(s.Weights, m)
	case Block:
		return sparse.PackBlockIn(s.Weights, m, s.Height)
	case Window:
		return sparse.PackReducedWindow(s.Weights, m)
	}
	return nil, fmt.Errorf("strategy %s has no packing of %s weights", s, s.Weights)
}

// checkWeights refuses what contradicts exact weights.
func (o *Options) checkWeights() error {
	for _, w := range o.Weights {
		if _, err := path.Match(w.Tensor, ""); err != nil {
			return fmt.Errorf("weights of %q: %w", w.Tensor, err)
		}
		if o.Exact && w.Precision != sparse.Float32 {
			return fmt.Errorf("weights of %q: %s are not exact, and exact weights are wanted", w.Tensor, w.Precision)
		}
	}
	return nil
}

// weights is how a product stores its weights.
func (o *Options) weights(p Product) sparse.Precision {
	names := []string{p.Name(), p.Tensor}
	for _, f := range o.Force {
		if !matchesAny(f.Tensor, names) {
			continue
		}
		_, form, _ := strings.Cut(f.Strategy, "/")
		if precision, err := sparse.ParsePrecision(form); err == nil {
			return precision
		}
		break
	}
	for _, w := range o.Weights {
		if matchesAny(w.Tensor, names) {
			return w.Precision
		}
	}
	return sparse.Float32
}

func matchesAny(pattern string, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return Match(pattern, name) })
}

// Match reports whether a name of a tensor has the pattern, one of path.Match in
// which a slash is a letter like others: names of imported tensors have them.
func Match(pattern, name string) bool {
	letter := strings.NewReplacer("/", "|", "|", "/").Replace
	ok, _ := path.Match(letter(pattern), letter(name))
	return ok
}

// reducedFault says which weight the precision cannot hold, if one.
func reducedFault(p sparse.Precision, blocks []*sparse.Matrix) string {
	for i, b := range blocks {
		if err := p.Check(b); err != nil && len(blocks) > 1 {
			return fmt.Sprintf("gate block %d: %v", i, err)
		} else if err != nil {
			return err.Error()
		}
	}
	return ""
}

// closed is the error of a product that no strategy is left for; why is what
// excluded the first of those asked for, if there are any.
func (l look) closed(forced, why string) error {
	switch {
	case why == "":
		return fmt.Errorf("matrix %q: %s was asked for: it has no kernel for %s weights", l.entry.Name, forced, l.weights)
	case forced == "":
		return fmt.Errorf("matrix %q: %s weights were asked for: %s", l.entry.Name, l.weights, why)
	}
	return fmt.Errorf("matrix %q: %s was asked for: %s", l.entry.Name, forced, why)
}

// rowScaleBytes is the size of the scales of all rows, in groups of so many.
func rowScaleBytes(s Strategy, blocks []*sparse.Matrix, group int) int {
	if s.Weights == sparse.Float32 {
		return 0
	}
	rows := 0
	for _, m := range blocks {
		rows += (m.Rows + group - 1) / group * group
	}
	return 4 * rows
}

type reducedKernel struct {
	kernel  Kernel
	height  int
	weights sparse.Precision
}

// reducedCycles are cycles a step, fitted as those of float32 weights are, to
// BenchmarkReduced.
var reducedCycles = map[reducedKernel]float64{
	{Dense, 0, sparse.Fixed16}: 1, {Dense, 0, sparse.Float16}: 0.66, {Dense, 0, sparse.Int8}: 1,
	{Block, 4, sparse.Fixed16}: 1.2, {Block, 4, sparse.Float16}: 1.08, {Block, 4, sparse.Int8}: 1.2,
	{Block, 8, sparse.Fixed16}: 1.21, {Block, 8, sparse.Float16}: 1.08, {Block, 8, sparse.Int8}: 1.21,
	{Block, 16, sparse.Fixed16}: 1.01, {Block, 16, sparse.Float16}: 0.81, {Block, 16, sparse.Int8}: 1.01,
	{Window, 0, sparse.Fixed16}: 1.37, {Window, 0, sparse.Float16}: 1.4, {Window, 0, sparse.Int8}: 1.68,
}
