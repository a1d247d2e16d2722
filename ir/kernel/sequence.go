package kernel

import "slices"

// LayerSequence is how a layer is computed over frames of a sequence that follow
// each other: products of what is known of all of them ahead, then the rest frame
// by frame.
type LayerSequence struct {
	Ahead  []MatVec
	Rest   []Instr
	States []int // buffers of states that the layer updates
}

// Sequence splits every layer so that one layer after the other can be computed
// over many frames: nothing may read a state that a later layer updates, and each
// state is one layer's. It is nil where that does not hold. The products ahead
// are of one vector, begin with a constant and read what their layer does not
// write, and can is true of them.
func (p *Program) Sequence(can func(MatVec) bool) []LayerSequence {
	owner, ok := p.stateOwners()
	if !ok {
		return nil
	}
	layers := make([]LayerSequence, len(p.Layers))
	for i, l := range p.Layers {
		for _, in := range l.Instrs {
			for _, o := range p.Operands(in) {
				if by, state := owner[o.Ref.ID]; o.Ref.Space == Buf && state && by > i {
					return nil
				}
			}
		}
		s := &layers[i]
		*s = p.split(l, can)
		for buf, by := range owner {
			if by == i {
				s.States = append(s.States, buf)
			}
		}
		slices.Sort(s.States)
	}
	return layers
}

// split parts the products of a layer that can go ahead from the rest.
func (p *Program) split(l Layer, can func(MatVec) bool) (s LayerSequence) {
	written := map[int]bool{}
	for _, in := range l.Instrs {
		for _, o := range p.Operands(in) {
			if o.Ref.Space == Buf && o.Access&Write != 0 {
				written[o.Ref.ID] = true
			}
		}
	}
	touched := map[int]bool{} // by the rest so far
	for _, in := range l.Instrs {
		product, ok := in.(MatVec)
		if ok && product.Vectors <= 1 && product.Biased() && product.Src.Space == Buf && !written[product.Src.ID] && !touched[product.Dst.ID] && can(product) {
			s.Ahead = append(s.Ahead, product)
			continue
		}
		s.Rest = append(s.Rest, in)
		for _, o := range p.Operands(in) {
			if o.Ref.Space == Buf {
				touched[o.Ref.ID] = true
			}
		}
	}
	return s
}

// WholeSequence splits the layers of a program that is not [Program.Streaming]. Of
// those that make a stage with others no product goes ahead.
func (p *Program) WholeSequence(can func(MatVec) bool) []LayerSequence {
	layers := make([]LayerSequence, len(p.Layers))
	for _, stage := range p.Stages() {
		for i := stage.From; i < stage.To; i++ {
			layers[i].Rest = p.Layers[i].Instrs
		}
		if stage.To-stage.From == 1 {
			layers[stage.From] = p.split(p.Layers[stage.From], can)
		}
		for i := stage.From; i < stage.To; i++ {
			layers[i].States = stage.States
		}
	}
	return layers
}

// stateOwners is the layer that updates each state's buffer; false unless it is
// one.
func (p *Program) stateOwners() (map[int]int, bool) {
	owner := map[int]int{}
	states := map[int]bool{}
	for _, s := range p.States {
		states[s.Buf] = true
	}
	for i, l := range p.Layers {
		for _, in := range l.Instrs {
			for _, o := range p.Operands(in) {
				if o.Access&Write == 0 || !states[o.Ref.ID] {
					continue
				}
				if by, ok := owner[o.Ref.ID]; ok && by != i {
					return nil, false
				}
				owner[o.Ref.ID] = i
			}
		}
	}
	return owner, len(owner) == len(states)
}
