package ir

import "slices"

// Clone is a copy of the model whose graph can be changed without a change to
// m. The numbers of the parameters are shared: who changes them, replaces Data.
func (m *Model) Clone() *Model {
	c := &Model{
		Name:    m.Name,
		Inputs:  slices.Clone(m.Inputs),
		States:  slices.Clone(m.States),
		Params:  slices.Clone(m.Params),
		Nodes:   slices.Clone(m.Nodes),
		Outputs: slices.Clone(m.Outputs),
		Tensors: slices.Clone(m.Tensors),
	}
	for i := range c.Inputs {
		c.Inputs[i].Type.Shape = slices.Clone(c.Inputs[i].Type.Shape)
	}
	for i, p := range c.Params {
		c.Params[i] = &Param{Name: p.Name, Shape: slices.Clone(p.Shape), Data: p.Data}
	}
	for i := range c.Tensors {
		c.Tensors[i].Shape = slices.Clone(c.Tensors[i].Shape)
		c.Tensors[i].Parts = slices.Clone(c.Tensors[i].Parts)
	}
	for i := range c.Nodes {
		c.Nodes[i].Inputs = slices.Clone(c.Nodes[i].Inputs)
	}
	return c
}
