package trainer

import (
	"fmt"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/trainer/nn"
)

// This file writes the layers that are several nodes of the graph.

// add appends a node without making it the value.
func (e *exporter) add(name string, op ir.Op, inputs ...string) string {
	e.model.Nodes = append(e.model.Nodes, ir.Node{Name: name, Op: op, Inputs: inputs})
	return name
}

// scale adds a product and a sum with constants.
func (e *exporter) scale(l *nn.Scale[float32]) {
	name := layerName(l.Factor.Name)
	e.withConstant(ir.Mul, l.Factor.Name, name+".scaled")
	e.withConstant(ir.Add, l.Shift.Name, name)
}

// withConstant adds an element-wise function of the value and a parameter.
func (e *exporter) withConstant(f ir.BinaryFunc, param, name string) {
	e.add(param, ir.Constant{Value: param})
	e.value = e.add(name, ir.Binary{Func: f}, e.value, param)
}

// batchNorm adds what the layer computes after training, from mean and variance.
func (e *exporter) batchNorm(l *nn.BatchNorm[float32]) {
	name := layerName(l.Mean.Name)
	e.withConstant(ir.Sub, l.Mean.Name, name+".centred")
	e.add(l.Variance.Name, ir.Constant{Value: l.Variance.Name})
	e.add(name+".above", ir.Activation{Func: ir.Affine, Alpha: 1, Beta: l.Epsilon}, l.Variance.Name)
	e.add(name+".deviation", ir.Activation{Func: ir.Sqrt}, name+".above")
	e.value = e.add(name, ir.Binary{Func: ir.Div}, e.value, name+".deviation")
}

// window adds a state with the frames before, and reads the frames ahead.
func (e *exporter) window(l *nn.Window[float32]) {
	var ahead []string
	for by := 1; by <= l.Ahead; by++ {
		ahead = append(ahead, e.add(fmt.Sprintf("%s.ahead%d", l.Name, by), ir.Ahead{By: by}, e.value))
	}
	width := l.OutputWidth() / (l.Before + 1 + l.Ahead)
	var inputs []string
	if l.Before > 0 {
		e.state(l.Name+".frames", l.Before*width)
		inputs = append(inputs, e.add(l.Name+".before", ir.Recall{State: l.Name + ".frames"}))
	}
	inputs = append(append(inputs, e.value), ahead...)
	e.value = e.add(l.Name, ir.Concat{}, inputs...)
	if l.Before > 0 {
		latest := ir.MakeSpans([]ir.Span{{From: width, Count: l.Before * width, Step: 1}})
		e.add(l.Name+".next", ir.Pick{Spans: latest}, l.Name)
		e.add(l.Name+".kept", ir.Store{State: l.Name + ".frames"}, l.Name+".next")
	}
}

// depthwise adds the product with the weights and the sums over frames.
func (e *exporter) depthwise(l *nn.Depthwise[float32]) {
	name := layerName(l.Weight.Name)
	e.withConstant(ir.Mul, l.Weight.Name, name+".weighted")
	frames, width := l.Weight.Rows, l.Weight.Cols
	var columns []ir.Span
	for i := range width {
		columns = append(columns, ir.Span{From: i, Count: frames, Step: width})
	}
	e.value = e.add(name+".columns", ir.Pick{Spans: ir.MakeSpans(columns)}, e.value)
	e.value = e.add(name, ir.Reduce{Func: ir.Sum, Size: frames}, e.value)
}
