package torch

import (
	"slices"
	"strings"

	"github.com/sparsec/sparsec/ir"
)

// tensors describes the tensors that PyTorch has at the edges of the model, for a
// batch of one: inputs, outputs, and of each recurrent module NAME the states before
// and behind a sequence, NAME.h0, NAME.hn and, of an LSTM, NAME.c0, NAME.cn.
func (b *builder) tensors(d *description, modules []*module) {
	inputs := d.Inputs
	if len(inputs) == 0 {
		inputs = []edge{{Name: defaultInput}}
	}
	for _, e := range inputs {
		b.edge(e, b.values[e.Name], false)
	}
	for _, e := range outputEdges(d, modules) {
		b.edge(e, b.values[e.From], true)
	}
	for _, m := range modules {
		b.stateTensors(m)
	}
}

// edge adds the tensor of an input or output.
func (b *builder) edge(e edge, v *value, output bool) {
	layout := e.Layout
	if layout == "" {
		layout = b.defaultLayout(v, e.Last)
	}
	shape, time := slices.Clone(v.shape), strings.IndexByte(layout, 'T')
	for i, letter := range layout {
		if letter == 'T' || letter == 'B' {
			shape = slices.Insert(shape, min(i, len(shape)), 1)
		}
	}
	switch {
	case len(shape) != len(layout) || strings.Count(layout, "T") > 1 || strings.Count(layout, "B") > 1:
		b.fault("%q: layout %q, want one T and B at most, and a letter for each axis of a frame of shape %v", e.Name, layout, v.shape)
	case e.Last == (time >= 0):
		b.fault("%q: layout %q, want a T for the time axis, or last, one of the two", e.Name, layout)
	}
	b.model.Tensors = append(b.model.Tensors, ir.Tensor{Name: e.Name, Output: output, Shape: shape, Time: time,
		Parts: []ir.Part{{Kind: ir.ValuePart, Name: v.name}}})
}

// defaultLayout is that of PyTorch's recurrent modules: time, batch, frame; batch
// first where a module says so.
func (b *builder) defaultLayout(v *value, last bool) string {
	frame := strings.Repeat("C", len(v.shape))
	switch {
	case last:
		return "B" + frame
	case b.batchFirst:
		return "BT" + frame
	}
	return "TB" + frame
}

// stateTensors adds those of a recurrent module.
func (b *builder) stateTensors(m *module) {
	list := b.states[m.name]
	if len(list) == 0 || b.opaque[m.name] {
		return
	}
	b.stateTensor(m, "h", list, func(s state) (string, int) { return s.h, s.sizeH })
	if list[0].c != "" {
		b.stateTensor(m, "c", list, func(s state) (string, int) { return s.c, s.sizeC })
	}
}

// stateTensor adds the tensors [layers·directions, 1, units] of one kind of state; of
// a cell they have no first axis.
func (b *builder) stateTensor(m *module, letter string, list []state, of func(state) (string, int)) {
	_, size := of(list[0])
	shape := []int{len(list), 1, size}
	if strings.HasSuffix(m.word, "Cell") {
		shape = shape[1:]
	}
	var parts []ir.Part
	for _, s := range list {
		name, _ := of(s)
		parts = append(parts, ir.Part{Kind: ir.StatePart, Name: name})
	}
	for _, end := range []struct {
		suffix string
		output bool
	}{{"0", false}, {"n", true}} {
		b.model.Tensors = append(b.model.Tensors, ir.Tensor{Name: m.name + "." + letter + end.suffix, Output: end.output, Shape: shape, Time: -1, Parts: parts})
	}
}
