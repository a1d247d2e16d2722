package verify

import (
	"bytes"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/ir"
)

// TestStates holds the states that users see against the reference, of a node that
// goes backwards among them, and finds one that is off.
func TestStates(t *testing.T) {
	m := model()
	for i := range m.Nodes {
		if op, ok := m.Nodes[i].Op.(ir.LSTM); ok {
			op.Direction = ir.Reverse
			m.Nodes[i].Op = op
		}
	}
	for _, name := range []string{"gru.h", "lstm.c"} {
		m.Tensors = append(m.Tensors, ir.Tensor{Name: name, Output: true, Shape: []int{m.State(name).Size}, Time: -1,
			Parts: []ir.Part{{Kind: ir.StatePart, Name: name}}})
	}
	pkg := compile(t, m)
	in := inputs(20)
	report, err := Run(t.Context(), pkg, in, Options{Kernels: []string{Generic}})
	if err != nil {
		t.Fatal(err)
	}
	states := report.Runs[0].States
	if !report.OK() || len(states) != 2 || states[0].Name != "gru.h" || states[1].Name != "lstm.c" || states[1].MaxAbs == 0 {
		t.Errorf("states %+v, want two within the tolerance\n%s", states, report)
	}
	broken := replace(pkg, "model.go", func(b []byte) []byte {
		return bytes.Replace(b, []byte("s.lstmC, s.lstmCGiven = q[1].lstmC, false"), []byte("s.lstmCGiven = false"), 1)
	})
	if report, err = Run(t.Context(), broken, in, Options{Kernels: []string{Generic}}); err != nil {
		t.Fatal(err)
	}
	if report.OK() || report.Runs[0].States[1].Diverges != 0 || !strings.Contains(report.String(), `generic: state "lstm.c" behind the last step: largest error`) {
		t.Errorf("the state is off, and the report says\n%s", report)
	}
}
