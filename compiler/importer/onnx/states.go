package onnx

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sparsec/sparsec/ir"
)

// This file finds the states of a model without a time axis: inputs whose next value
// is an output. The graph is interpreted once to find them, with the cells of its
// recurrent nodes left open, and then again with what was found.

// plan is the inputs that are states.
type plan map[string]*pairing

// pairing is an input that is a state, and the output that is its value in the next
// frame, cut into states that lie one after the other.
type pairing struct {
	output string
	parts  []segment
}

// segment is one state of a pairing. That of a cell is read and replaced by that
// alone; others are recalled and stored.
type segment struct {
	at, size int
	cell     bool
	name     string
}

// planned interprets with the states that a first interpretation finds. With a time
// axis the recurrent nodes themselves say what is a state.
func (f *source) planned(o Options, a timeAxes) *importer {
	if len(a.of) == 0 {
		a.scout = true
		im := f.stretched(o, a)
		a.scout, a.plan = false, im.pairings()
	}
	return f.stretched(o, a)
}

// pairings finds the states.
func (im *importer) pairings() plan {
	p := plan{}
	for _, in := range im.inputs {
		if in.single || in.tensor.kind != float {
			continue
		}
		if out := im.partner(in); out != nil {
			p[in.name] = &pairing{output: out.name}
		}
	}
	read := im.readers()
	fused := map[vector][]segment{}
	for _, s := range im.steps {
		h, okH := im.returned(p, s.h, s.nextH, read)
		c, okC := segment{}, true
		if s.c != nil {
			c, okC = im.returned(p, s.c, s.nextC, read)
		}
		if !okH || !okC {
			continue
		}
		fused[s.h[0].v] = append(fused[s.h[0].v], h)
		if s.c != nil {
			fused[s.c[0].v] = append(fused[s.c[0].v], c)
		}
	}
	for _, in := range im.inputs {
		if pair := p[in.name]; pair != nil {
			pair.parts = im.segments(in, im.result(pair.output).tensor, fused[in.vector])
		}
	}
	return p
}

// result is an output by name, or nil.
func (im *importer) result(name string) *result {
	for i := range im.results {
		if im.results[i].name == name {
			return &im.results[i]
		}
	}
	return nil
}

// partner is the output that is the next value of an input, or nil.
func (im *importer) partner(in *input) *result {
	for _, pair := range im.o.States {
		if pair[0] == in.name {
			return im.result(pair[1])
		}
	}
	fits := func(r *result) bool {
		given := slices.ContainsFunc(im.o.States, func(pair [2]string) bool { return pair[1] == r.name })
		return !given && !r.tensor.lost && r.tensor.kind == float && slices.Equal(r.tensor.shape, in.tensor.shape)
	}
	for i := range im.results {
		if r := &im.results[i]; fits(r) && im.closes(in, r) {
			return r
		}
	}
	for i := range im.results {
		if r := &im.results[i]; fits(r) && len(im.open) > 1 && namesState(in.name) && follows(in.name, r.name) {
			return r
		}
	}
	return nil
}

// closes reports whether an output holds the next state of a cell where the input
// holds its state.
func (im *importer) closes(in *input, r *result) bool {
	for _, s := range im.steps {
		for k, before := range [][]element{s.h, s.c} {
			next := []vector{s.nextH, s.nextC}[k]
			if len(before) == 0 || before[0].v != in.vector || r.tensor.view == nil {
				continue
			}
			if e := r.tensor.view[before[0].i]; e.v == next && e.i == 0 {
				return true
			}
		}
	}
	return false
}

// namesState reports whether a name is that of a state: audio_in and audio_out are
// none.
func namesState(name string) bool {
	name = strings.ToLower(name)
	for _, part := range []string{"state", "hidden", "cache", "mem", "buf", "lstm", "gru", "rnn", "past", "prev", "carry", "context", "ctx"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	words := strings.FieldsFunc(name, func(r rune) bool { return r < 'a' || r > 'z' })
	return slices.ContainsFunc(words, func(word string) bool {
		return slices.Contains([]string{"h", "c", "hx", "cx", "hn", "cn", "cell"}, word)
	})
}

// follows reports whether an output's name says that it is the next value of an
// input: state and stateN, h0 and hN, cache_in and cache_out.
func follows(in, out string) bool {
	a, b := strings.ToLower(in), strings.ToLower(out)
	if a == b {
		return false
	}
	for _, suffix := range []string{"n", "_n", "_next", "next", "_out", ".out", "out", "_new", "new", "_1", "1", "'"} {
		if b == a+suffix {
			return true
		}
	}
	for _, prefix := range []string{"next_", "new_", "out_", "output_", "next", "new", "out"} {
		if b == prefix+a {
			return true
		}
	}
	ends := [][2]string{{"0", "n"}, {"_0", "_n"}, {"_in", "_out"}, {"in", "out"}, {"_i", "_o"}, {"_prev", "_next"}, {"_prev", ""}, {"_in", ""},
		{"0", "1"}, {"_old", "_new"}, {".in", ".out"}}
	for _, e := range ends {
		if stem, ok := strings.CutSuffix(a, e[0]); ok && b == stem+e[1] {
			return true
		}
	}
	starts := [][2]string{{"in_", "out_"}, {"input_", "output_"}, {"prev_", "next_"}, {"prev_", ""}, {"init_", "final_"}, {"initial_", "final_"}, {"old_", "new_"},
		{"past_", "present_"}, {"in.", "out."}}
	for _, s := range starts {
		if stem, ok := strings.CutPrefix(a, s[0]); ok && b == s[1]+stem {
			return true
		}
	}
	return false
}

// readers are the vectors that other values read.
func (im *importer) readers() map[vector]bool {
	read := map[vector]bool{}
	for _, v := range im.g.values {
		for _, in := range v.inputs {
			read[in] = true
		}
	}
	return read
}

// returned is the segment of an input that a state of a cell is, if the output with
// which that is paired holds the cell's next state there, and nothing else reads it.
func (im *importer) returned(p plan, before []element, next vector, read map[vector]bool) (segment, bool) {
	var none segment
	in := im.inputOf(before[0].v)
	if in == nil || in.single || p[in.name] == nil || read[in.vector] {
		return none, false
	}
	after := im.result(p[in.name].output).tensor.view
	for i, e := range before {
		at := before[0].i + int32(i)
		if e.v != in.vector || e.i != at || int(at) >= len(after) || after[at] != (element{next, int32(i)}) {
			return none, false
		}
	}
	return segment{at: int(before[0].i), size: len(before), cell: true}, true
}

// segments cuts an input into the states of cells and, between them, into those whose
// next value is the whole of a vector and what is left.
func (im *importer) segments(in *input, next *tensor, fused []segment) []segment {
	slices.SortFunc(fused, func(a, b segment) int { return a.at - b.at })
	var parts []segment
	at := 0
	for _, s := range fused {
		if s.at >= at { // and not the state of another cell too
			parts = append(append(parts, im.between(next, at, s.at)...), s)
			at = s.at + s.size
		}
	}
	parts = append(parts, im.between(next, at, in.tensor.size())...)
	for i := range parts {
		parts[i].name = in.name
		if len(parts) > 1 {
			parts[i].name = fmt.Sprintf("%s.%d", in.name, i)
		}
	}
	return parts
}

// between cuts the elements from one place to another, which are no states of cells.
func (im *importer) between(next *tensor, from, to int) []segment {
	var parts []segment
	rest := from
	flush := func(at int) {
		if rest < at {
			parts = append(parts, segment{at: rest, size: at - rest})
		}
		rest = at
	}
	for at := from; at < to && next.view != nil; {
		size := im.g.values[next.view[at].v].size
		if at+size > to || im.g.whole(next.view[at:at+size]) == 0 {
			at++
			continue
		}
		flush(at)
		parts = append(parts, segment{at: at, size: size})
		at += size
		rest = at
	}
	flush(to)
	return parts
}

// recall makes the view of an input that is a state by the plan.
func (im *importer) recall(in *input, p *pairing) {
	g := im.g
	for i := range p.parts {
		s := &p.parts[i]
		state := g.state(s.name, s.size, nil)
		var v vector
		if s.cell {
			v = g.add(value{name: s.name, size: s.size, held: state})
		} else {
			v = g.node(s.name, ir.Recall{State: state}, s.size)
			im.owner[state] = v
		}
		in.states[int32(s.at)] = state
		in.tensor.view = append(in.tensor.view, viewOf(v, s.size)...)
	}
}

// stateOf is the state of the model that a view is the whole of by the plan, empty
// for others.
func (im *importer) stateOf(view []element) string {
	if v := im.g.whole(view); v != 0 {
		return im.g.values[v].held
	}
	return ""
}

// storeStates closes the circle: what the plan recalls becomes what the outputs are.
func (im *importer) storeStates() {
	for _, in := range im.inputs {
		p := im.axes.plan[in.name]
		if p == nil {
			continue
		}
		next := im.result(p.output)
		if next == nil || next.tensor.lost || next.tensor.kind != float || !slices.Equal(next.tensor.shape, in.tensor.shape) {
			im.faults.add("state %q: output %q, its next value, has another shape than %v", in.name, p.output, in.tensor.shape)
			continue
		}
		view := im.elements(p.output, next.tensor)
		for _, s := range p.parts {
			if !s.cell {
				im.g.store(s.name+".next", in.states[int32(s.at)], im.g.joined(p.output, view[s.at:s.at+s.size]))
			}
		}
	}
}
