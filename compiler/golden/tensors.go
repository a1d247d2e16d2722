package golden

import (
	"slices"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/eval"
)

// withTensors is the model with a tensor for everything that a file may hold. An
// imported model has its own. One that was trained here gets one for each input and
// output, with the frames along axis 0, and one for each state that the file names,
// so that a package keeps all units of it in their order.
func withTensors(m *ir.Model, f *File, o Options) (*ir.Model, error) {
	if len(m.Tensors) > 0 {
		return m, nil
	}
	m = m.Clone()
	m.Tensors = eval.Edge(m)
	for _, s := range m.States {
		for _, output := range []bool{false, true} {
			if namesState(f, o, s.Name, output) {
				m.Tensors = append(m.Tensors, ir.Tensor{
					Name: s.Name, Output: output, Shape: []int{s.Size}, Time: -1,
					Parts: []ir.Part{{Kind: ir.StatePart, Name: s.Name}},
				})
			}
		}
	}
	return m, m.Verify()
}

// namesState reports whether the file has an array for a state: before the first
// frame, or behind the last, which is what an archive that does not say means.
func namesState(f *File, o Options, state string, output bool) bool {
	return slices.ContainsFunc(f.Arrays, func(a Array) bool {
		if output == (a.Side == InputSide) {
			return false
		}
		return a.Name == state || slices.ContainsFunc(o.As, func(as As) bool { return as.Tensor == state && as.Array == a.Name })
	})
}
