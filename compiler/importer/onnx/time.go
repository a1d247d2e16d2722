package onnx

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// timeAxes is what an interpretation takes for time: an axis of some of the inputs.
type timeAxes struct {
	of        map[string]int // by input
	rate      int            // elements along those axes in a frame
	frames    int            // the number of frames, if the file says it
	otherwise int            // the size of other dimensions that are not known; 0 if that is a fault
	scout     bool           // states of the model are being looked for
	plan      plan           // those that were found
}

// maxRate is the largest number of elements of an input's time axis in a frame.
const maxRate = 1 << 12

// interpret chooses the time axis and interprets the graph with it.
//
// Time is what recurrent nodes run along. Axes of inputs are tried, and those kept
// with which more of the recurrent nodes run along the frames. An axis of fixed size
// that gets there only through strides (a convolution over the samples of one window)
// is none: then a whole window is one frame.
func (f *source) interpret(o Options) (*importer, error) {
	if o.Time != "" {
		a, err := f.givenTime(o)
		if err != nil {
			return nil, err
		}
		return f.planned(o, a), nil
	}
	best := timeAxes{rate: 1}
	if f.recurrent() {
		best = f.findTime(o, best)
	}
	return f.planned(o, best), nil
}

// recurrent reports whether there is a recurrent node anywhere.
func (f *source) recurrent() bool {
	var has func(list []*nodeProto) bool
	has = func(list []*nodeProto) bool {
		return slices.ContainsFunc(list, func(n *nodeProto) bool {
			_, ok := recurrent[n.op]
			return ok || slices.ContainsFunc(n.attributes, func(a *attributeProto) bool { return a.graph != nil && has(a.graph.nodes) })
		})
	}
	for _, function := range f.model.functions {
		if has(function.nodes) {
			return true
		}
	}
	return has(f.model.graph.nodes)
}

// trial interprets with dimensions that are not known taken for 1.
func (f *source) trial(o Options, a timeAxes) *importer {
	a.otherwise = 1
	return f.stretched(o, a)
}

// stretched interprets with the smallest rate at which strides divide frames.
func (f *source) stretched(o Options, a timeAxes) *importer {
	for {
		im := f.run(o, a)
		if im.stretch == 1 || a.rate*im.stretch > maxRate {
			return im
		}
		a.rate *= im.stretch
		if total := f.total(o, a); total > 0 {
			a.frames = total / a.rate
		}
	}
}

// givenTime is the axis of the options.
func (f *source) givenTime(o Options) (timeAxes, error) {
	a := timeAxes{rate: 1}
	if o.Time == "none" {
		return a, nil
	}
	a.of = map[string]int{}
	for _, word := range strings.Split(o.Time, ",") {
		at := strings.LastIndexByte(word, ':')
		if at < 0 {
			return a, fmt.Errorf("time axis %q, want INPUT:AXIS or none", word)
		}
		k, err := strconv.Atoi(word[at+1:])
		if err != nil || k < 0 {
			return a, fmt.Errorf("time axis %q: axis %q, want a number", word, word[at+1:])
		}
		if !hasInput(f.model.graph, word[:at]) {
			return a, fmt.Errorf("time axis %q: input %q is not there", word, word[:at])
		}
		a.of[word[:at]] = k
	}
	a.frames = f.total(o, a)
	return a, nil
}

// total is the size of the time axes, if the file says it.
func (f *source) total(o Options, a timeAxes) int {
	im := &importer{source: *f, o: o}
	for _, v := range f.model.graph.inputs {
		if k, ok := a.of[v.name]; ok && k < len(v.dims) {
			if size, err := im.dimension(v, k); err == nil && size > 0 {
				return size
			}
		}
	}
	return 0
}

// findTime adds axes of inputs to those that are time as long as more recurrent
// nodes run along them.
func (f *source) findTime(o Options, best timeAxes) timeAxes {
	timed := 0
	for more := true; more; {
		more = false
		for _, v := range f.model.graph.inputs {
			if _, fixed := o.Set[v.name]; fixed {
				continue
			}
			for k := range v.dims {
				a, ok := f.with(o, best, v.name, k)
				if !ok {
					continue
				}
				if im := f.trial(o, a); im.timed > timed {
					best, timed, more = a, im.timed, true
				}
			}
		}
	}
	return best
}

// with is a with one more axis, and those of other inputs with its name; false when
// the input has one or its size contradicts that of the others.
func (f *source) with(o Options, a timeAxes, name string, k int) (timeAxes, bool) {
	if _, taken := a.of[name]; taken {
		return a, false
	}
	a.of = maps.Clone(a.of)
	if a.of == nil {
		a.of = map[string]int{}
	}
	a.of[name] = k
	one := f.total(o, timeAxes{of: map[string]int{name: k}})
	if len(a.of) > 1 && one != f.total(o, a) {
		return a, false
	}
	a.frames = one
	return a, true
}
