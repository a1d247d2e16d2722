package kernel

// A program of which a layer needs later frames than the one at hand cannot be
// stepped. It takes all frames of a sequence through one stage after the other, so
// that each frame has all buffers. This file has the instructions that such a
// program may have besides, and its stages.

// Ahead is Dst = Src as it is By frames later, zeros behind the last frame. Like
// that of [Hold] its layer has nothing else.
type Ahead struct {
	Dst, Src Ref
	By, Size int
}

// End is the first or the last frame of a sequence.
type End uint8

const (
	First End = iota
	Last
)

// Hold is Dst = Src as it is at an end of the sequence, in every frame.
type Hold struct {
	Dst, Src Ref
	At       End
	Size     int
}

func (Ahead) isInstr() {}
func (Hold) isInstr()  {}

// Streaming reports whether the program can be stepped frame by frame.
func (p *Program) Streaming() bool {
	for i := range p.Layers {
		if p.Layers[i].Reverse || p.Layers[i].Shifts() {
			return false
		}
	}
	return true
}

// Shifts reports whether the layer reads one frame to write another.
func (l *Layer) Shifts() bool {
	for _, in := range l.Instrs {
		switch in.(type) {
		case Ahead, Hold:
			return true
		}
	}
	return false
}

// Stage is a run of layers that go through a sequence together: all of a frame
// before those of the next one, which begins with the states of this.
type Stage struct {
	From, To int   // of Layers
	Reverse  bool  // from the last frame to the first
	States   []int // buffers of the states that it updates
}

// Stages cuts the layers of the program. A state keeps those together that read
// it before it is updated and the one that does that; every other layer is a stage
// of its own.
func (p *Program) Stages() []Stage {
	last := p.lastWrites()
	var stages []Stage
	for i := 0; i < len(p.Layers); {
		s := Stage{From: i, To: i + 1, Reverse: p.Layers[i].Reverse}
		for ; i < s.To; i++ {
			for _, buf := range p.statesOf(i) {
				if last[buf] >= i {
					s.To = max(s.To, last[buf]+1)
				}
			}
		}
		for _, state := range p.States {
			if at, ok := last[state.Buf]; ok && s.From <= at && at < s.To {
				s.States = append(s.States, state.Buf)
			}
		}
		stages = append(stages, s)
	}
	return stages
}

// lastWrites is the last layer that writes to the buffer of each state.
func (p *Program) lastWrites() map[int]int {
	last := map[int]int{}
	for i := range p.Layers {
		for _, buf := range p.statesOf(i) {
			if p.writes(i, buf) {
				last[buf] = i
			}
		}
	}
	return last
}

// statesOf are the buffers of states that a layer reads or writes.
func (p *Program) statesOf(layer int) (buffers []int) {
	for _, s := range p.States {
		for _, in := range p.Layers[layer].Instrs {
			if p.touches(in, s.Buf, Read|Write) {
				buffers = append(buffers, s.Buf)
				break
			}
		}
	}
	return buffers
}

// writes reports whether a layer writes to a buffer.
func (p *Program) writes(layer, buf int) bool {
	for _, in := range p.Layers[layer].Instrs {
		if p.touches(in, buf, Write) {
			return true
		}
	}
	return false
}

// touches reports whether an instruction uses a buffer in one of the ways.
func (p *Program) touches(in Instr, buf int, how Access) bool {
	for _, o := range p.Operands(in) {
		if o.Ref.Space == Buf && o.Ref.ID == buf && o.Access&how != 0 {
			return true
		}
	}
	return false
}

// Reversed reports whether the state of a buffer goes from the last frame to the
// first.
func (p *Program) Reversed(buf int) bool {
	at, ok := p.lastWrites()[buf]
	return ok && p.Layers[at].Reverse
}

// stages checks what a layer that is no step of a stream has to keep to.
func (v *verifier) stages() {
	for _, s := range v.p.Stages() {
		for i := s.From; i < s.To; i++ {
			l := &v.p.Layers[i]
			if l.Reverse != s.Reverse {
				v.fault("layer %q: goes through a sequence the other way than layer %q, with which it shares a state", l.Name, v.p.Layers[s.From].Name)
			}
			if l.Shifts() {
				v.shift(l, s)
			}
		}
	}
	if v.p.Batch > 0 && !v.p.Streaming() {
		v.fault("needs whole sequences, which %d streams in lockstep have not", v.p.Batch)
	}
}

// shift checks a layer that reads other frames than it writes.
func (v *verifier) shift(l *Layer, s Stage) {
	if s.To-s.From > 1 || len(s.States) > 0 {
		v.fault("layer %q: reads other frames and has a part in a state", l.Name)
	}
	for _, in := range l.Instrs {
		switch in := in.(type) {
		case Ahead:
			if in.By < 1 {
				v.fault("layer %q: reads %d frames ahead, want at least 1", l.Name, in.By)
			}
		case Hold:
			if in.At > Last {
				v.fault("layer %q: holds end %d of a sequence, want the first or the last frame", l.Name, in.At)
			}
		default:
			v.fault("layer %q: has a %s beside an instruction that reads other frames", l.Name, mnemonic(in))
		}
	}
}

// String is the end's name in the text form.
func (e End) String() string { return name([]string{First: "first", Last: "last"}, int(e)) }
