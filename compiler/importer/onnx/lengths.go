package onnx

import (
	"fmt"
	"slices"

	"github.com/sparsec/sparsec/ir"
)

// final is the value of a state behind the last frame. Of a cell that goes forwards it
// is its value in that frame; backwards, that in the first. Where a mask lets frames
// out, the value is kept until the end.
func (l *layer) final(v vector, state string, reverse bool, mask vector) vector {
	g := l.im.g
	var end vector
	switch {
	case reverse:
		end = g.add(value{name: g.values[v].name + ".first", size: l.n, op: ir.Hold{At: ir.First}, inputs: []vector{v}})
	case mask != 0:
		end = l.latched(v, mask)
	default:
		end = g.add(value{name: g.values[v].name, size: l.n, same: v})
	}
	g.values[end].end = state
	return end
}

// latched is a value that stays as it was in frames that do not count.
func (l *layer) latched(v, mask vector) vector {
	g := l.im.g
	name := g.values[v].name + ".last"
	state := g.state(name, l.n, nil)
	before := g.node(name+".before", ir.Recall{State: state}, l.n)
	spread := g.pick(name+".mask", mask, slices.Repeat([]element{{mask, 0}}, l.n))
	off := g.node(name+".off", ir.Activation{Func: ir.Affine, Alpha: -1, Beta: 1}, l.n, spread)
	kept := g.node(name+".kept", ir.Binary{Func: ir.Mul}, l.n, off, before)
	fresh := g.node(name+".new", ir.Binary{Func: ir.Mul}, l.n, spread, v)
	end := g.add(value{name: name, size: l.n, op: ir.Binary{Func: ir.Add}, inputs: []vector{kept, g.origin(fresh)}})
	g.store(name+".store", state, end)
	return end
}

// frameMask is what says which frames count for an element of the batch; 0 for all.
func (l *layer) frameMask(b int) (vector, error) {
	t := l.lengths
	if t == nil {
		return 0, nil
	}
	if !t.constant() {
		m, err := l.im.read(t.view[b], ir.LengthPart)
		if err != nil {
			return 0, fmt.Errorf("sequence_lens: %w", err)
		}
		return m, nil
	}
	n, ok := l.im.value(t.numbers[b])
	switch {
	case t.numbers[b] == number{t: 1}, ok && l.im.axes.frames > 0 && n == int64(l.im.axes.frames):
		return 0, nil
	case !ok:
		return 0, fmt.Errorf("sequence_lens is computed of the number of frames")
	}
	return l.counted(n), nil
}

// counted is 1 in the first n frames: the number of those to come, at most 1.
func (l *layer) counted(n int64) vector {
	g := l.im.g
	name := fmt.Sprintf("length_%d", n)
	if v, ok := g.made[name]; ok {
		return v
	}
	state := g.state(name, 1, []float32{float32(n)})
	left := g.node(name+".left", ir.Recall{State: state}, 1)
	g.store(name+".store", state, g.node(name+".next", ir.Activation{Func: ir.Affine, Alpha: 1, Beta: -1}, 1, left))
	g.made[name] = g.node(name, ir.Activation{Func: ir.Clamp, Alpha: 0, Beta: 1}, 1, left)
	return g.made[name]
}
