package pass

import (
	"fmt"
	"io"
	"maps"

	"github.com/sparsec/sparsec/ir"
)

// Pass is one step of the pipeline. Run requires a sound model with its numbers
// and yields one; it records what it did in the report.
type Pass struct {
	Name string
	Doc  string
	Run  func(m *ir.Model, r *Report) (*ir.Model, error)
}

// Options are what passes depend on besides the model.
type Options struct {
	Permute PermuteOptions
}

// Pipeline is every pass in order.
func Pipeline(o Options) []Pass {
	return []Pass{
		{"fold-mirrors", "halves matrices whose columns mirror each other", foldMirrors},
		{"fold-picks", "reads past nodes that only move elements", foldPicks},
		{"compute-constants", "replaces what reads nothing but constants by its value", computeConstants},
		{"recognise-cells", "puts cells in the place of nodes that spell them out", recogniseCells(false)},
		{"fold-activations", "drops identities and activations that change nothing", foldActivations},
		{"drop-dead", "drops nodes, states and parameters that no output needs", dropDead},
		{"fold-biases", "adds constants to biases, and b_hh to b_ih where both are only ever summed; drops zero biases", foldBiases},
		{"fold-constants", "moves what units that never change contribute into the readers' biases", foldConstants},
		{"drop-units", "drops units that nothing reads", dropUnits},
		{"permute-states", "reorders units so that rows of a group share windows", permuteStates(o.Permute)},
	}
}

// Run applies the pipeline. The model is verified behind every pass; a fault
// there is a bug of that pass, which the error names.
func Run(m *ir.Model, o Options) (*ir.Model, *Report, error) {
	r := &Report{Units: map[string][]int{}}
	for _, s := range m.States {
		r.Units[s.Name] = identity(s.Size)
	}
	for _, p := range Pipeline(o) {
		r.pass = p.Name
		next, err := p.Run(m, r)
		if err != nil {
			return nil, nil, fmt.Errorf("pass %s: %w", p.Name, err)
		}
		if err := next.Verify(); err != nil {
			return nil, nil, fmt.Errorf("pass %s left a faulty model, which is a bug of it: %w", p.Name, err)
		}
		m = next
	}
	maps.DeleteFunc(r.Units, func(state string, _ []int) bool { return m.State(state) == nil })
	return m, r, nil
}

// Report is what the passes did.
type Report struct {
	// Units tells, for each state of the resulting model, which unit of the
	// original state lies at each place: new[i] is old[Units[name][i]]. A state
	// that nothing needs any more and that stays only because no vector is empty
	// has the one unit -1, which stands for no unit of the original.
	Units map[string][]int
	// Origin is the original state of each that was split off one.
	Origin map[string]string
	Notes  []Note

	pass string
}

// Note is one thing that a pass did.
type Note struct{ Pass, Text string }

func (r *Report) note(format string, args ...any) {
	r.Notes = append(r.Notes, Note{r.pass, fmt.Sprintf(format, args...)})
}

// reorder records that a state now has the units idx of what it had.
func (r *Report) reorder(state string, idx []int) {
	old, ok := r.Units[state]
	if !ok {
		return // a pass run by itself
	}
	fresh := make([]int, len(idx))
	for i, k := range idx {
		fresh[i] = old[k]
	}
	r.Units[state] = fresh
}

// Original is the state that Units counts the units of a state in: itself, unless it
// was split off another.
func (r *Report) Original(state string) string {
	if from, ok := r.Origin[state]; ok {
		return from
	}
	return state
}

// split records that a state is several, of so many units one after the other.
func (r *Report) split(state string, parts []string, sizes []int) {
	old, ok := r.Units[state]
	if !ok {
		return // a pass run by itself
	}
	if r.Origin == nil {
		r.Origin = map[string]string{}
	}
	for i, name := range parts {
		r.Origin[name] = state
		r.Units[name], old = old[:sizes[i]:sizes[i]], old[sizes[i]:]
	}
}

// Print writes one line a note, each a comment of the graph's text form.
func (r *Report) Print(w io.Writer) error {
	for _, n := range r.Notes {
		if _, err := fmt.Fprintf(w, "# %s: %s\n", n.Pass, n.Text); err != nil {
			return err
		}
	}
	return nil
}

// placeholder records that a state has one unit left, which stands for none.
func (r *Report) placeholder(state string) {
	if _, ok := r.Units[state]; ok {
		r.Units[state] = []int{-1}
	}
}

func identity(n int) []int {
	idx := make([]int, n)
	for i := range idx {
		idx[i] = i
	}
	return idx
}
