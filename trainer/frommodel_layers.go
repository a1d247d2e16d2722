package trainer

import (
	"slices"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/trainer/nn"
)

// several recognises layers that [Export] writes as several nodes: each is guessed
// from the first of them, and is it if exporting it gives these nodes. It returns
// how many they are, 0 for none.
func (i *importer) several(nodes []ir.Node) int {
	for _, guess := range []func([]ir.Node) nn.Layer[float32]{i.scale, i.batchNorm, i.window, i.depthwise} {
		l := guess(nodes)
		if l == nil {
			continue
		}
		if used := i.writes(l, nodes); used > 0 {
			i.fill(l, paramNames(l)...)
			i.layers = append(i.layers, l)
			return used
		}
	}
	return 0
}

// writes is the number of nodes that a layer is exported to, if they are these.
func (i *importer) writes(l nn.Layer[float32], nodes []ir.Node) int {
	e := &exporter{model: &ir.Model{}, value: i.value}
	if err := e.layer(l, len(i.layers)); err != nil {
		return 0
	}
	written := e.model.Nodes
	if len(written) > len(nodes) || !slices.EqualFunc(written, nodes[:len(written)], sameNode) {
		return 0
	}
	for _, p := range e.model.Params {
		if q := i.model.Param(p.Name); q == nil || !slices.Equal(p.Shape, q.Shape) {
			return 0
		}
	}
	i.value = e.value
	return len(written)
}

func sameNode(a, b ir.Node) bool {
	return a.Name == b.Name && a.Op == b.Op && slices.Equal(a.Inputs, b.Inputs)
}

func paramNames(l nn.Layer[float32]) (names []string) {
	for _, p := range l.Params() {
		names = append(names, p.Name)
	}
	return names
}

// scale guesses a scale. One of the model's input standardises it, and is not
// trained.
func (i *importer) scale(nodes []ir.Node) nn.Layer[float32] {
	factor, ok := nodes[0].Op.(ir.Constant)
	if !ok {
		return nil
	}
	l := nn.NewScale[float32](layerName(factor.Value), i.width())
	if i.value == i.model.Inputs[0].Name {
		l.Fix()
	}
	return l
}

// batchNorm guesses a batch normalisation.
func (i *importer) batchNorm(nodes []ir.Node) nn.Layer[float32] {
	mean, ok := nodes[0].Op.(ir.Constant)
	if !ok || len(nodes) < 4 {
		return nil
	}
	above, ok := nodes[3].Op.(ir.Activation)
	if !ok {
		return nil
	}
	return nn.NewBatchNorm[float32](layerName(mean.Value), i.width(), above.Beta)
}

// window guesses a window from the node that joins it.
func (i *importer) window(nodes []ir.Node) nn.Layer[float32] {
	join := slices.IndexFunc(nodes, func(n ir.Node) bool { _, ok := n.Op.(ir.Concat); return ok })
	if join < 0 {
		return nil
	}
	before, ahead := 0, 0
	for _, n := range nodes[:join] {
		switch op := n.Op.(type) {
		case ir.Recall:
			before = i.model.State(op.State).Size / i.width()
		case ir.Ahead:
			ahead++
		}
	}
	return nn.NewWindow[float32](nodes[join].Name, i.width(), before, ahead)
}

// depthwise guesses the sums of a window.
func (i *importer) depthwise(nodes []ir.Node) nn.Layer[float32] {
	weight, ok := nodes[0].Op.(ir.Constant)
	if !ok {
		return nil
	}
	shape := i.model.Param(weight.Value).Shape
	if len(shape) != 2 {
		return nil
	}
	return nn.NewDepthwise[float32](layerName(weight.Value), shape[0], shape[1])
}

// convolves reports whether the next layer is the kernel of a convolution.
func (i *importer) convolves() bool {
	if len(i.layers) == 0 {
		return false
	}
	_, ok := i.layers[len(i.layers)-1].(*nn.Window[float32])
	return ok
}

// width is that of the value that the next layer reads.
func (i *importer) width() int { return i.types[i.value].Len() }
