package kernel

// Masked leaves out the rest of its layer, which it begins, in frames in which the
// element at Mask is 0: states stay as they are, and Size elements of Value, which
// the rest would write, are zeros.
type Masked struct {
	Mask, Value Ref
	Size        int
}

func (Masked) isInstr() {}

// Masked reports whether any layer is left out in some frames.
func (p *Program) Masked() bool {
	for i := range p.Layers {
		for _, in := range p.Layers[i].Instrs {
			if _, ok := in.(Masked); ok {
				return true
			}
		}
	}
	return false
}

// Mask reports whether the input says which frames count.
func (p *Program) Mask(input int) bool {
	for i := range p.Layers {
		for _, in := range p.Layers[i].Instrs {
			if m, ok := in.(Masked); ok && m.Mask.Space == Buf && m.Mask.ID == p.Inputs[input].Buf {
				return true
			}
		}
	}
	return false
}

// masks checks that what may be left out is the rest of a layer, of one stream.
func (v *verifier) masks() {
	for _, l := range v.p.Layers {
		for i, in := range l.Instrs {
			if _, ok := in.(Masked); !ok {
				continue
			}
			if i > 0 {
				v.fault("layer %q: masked from instruction %d on, want all of it", l.Name, i)
			}
			if v.p.Batch > 0 {
				v.fault("layer %q: masked, which %d streams in lockstep cannot be one by one", l.Name, v.p.Batch)
			}
		}
	}
}
