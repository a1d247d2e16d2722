package onnx

import (
	"errors"
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
	if f.has(isRecurrent) {
		if len(f.open) > maxOpen {
			return nil, fmt.Errorf("has %d inputs, too many to find the time axis among: -axis INPUT:AXIS or none says it", len(f.open))
		}
		var err error
		if best, err = f.findTime(o, best); err != nil {
			return nil, err
		}
	}
	im := f.planned(o, best)
	if best.frames > 0 && len(im.faults.list) > 0 {
		// What mixes frames, of which the file says how many there are, may be one.
		if one := f.planned(o, timeAxes{rate: 1}); len(one.faults.list) == 0 {
			return one, nil
		}
	}
	if len(best.of) == 0 && (f.has(isRecurrent) || f.has(isLoop)) {
		im.faults.openTime()
	}
	return im, nil
}

func isRecurrent(op string) bool {
	_, ok := recurrent[op]
	return ok
}

// isLoop reports whether an operator, none that is supported, may run along time.
func isLoop(op string) bool { return op == "Scan" || op == "Loop" }

// has reports whether there is a node of such an operator anywhere.
func (f *source) has(is func(op string) bool) bool {
	var has func(list []*nodeProto) bool
	has = func(list []*nodeProto) bool {
		return slices.ContainsFunc(list, func(n *nodeProto) bool {
			return is(n.op) || slices.ContainsFunc(n.attributes, func(a *attributeProto) bool { return a.graph != nil && has(a.graph.nodes) })
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
			if total%a.rate != 0 {
				im.timed = 0
				return im
			}
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
	for _, v := range f.open {
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
func (f *source) findTime(o Options, best timeAxes) (timeAxes, error) {
	timed, trials := 0, 0
	for more := true; more; {
		more = false
		for _, a := range f.candidates(o, best) {
			if trials += 1 + len(f.model.graph.nodes); trials > maxTrials {
				return best, errors.New("has too many nodes and inputs to find the time axis: -axis INPUT:AXIS or none says it")
			}
			if im := f.trial(o, a); im.timed > timed {
				best, timed, more = a, im.timed, true
				break
			}
		}
	}
	return best, nil
}

// candidates are time axes with one more, those of open sizes first: an axis of 1
// element may look like any other.
func (f *source) candidates(o Options, a timeAxes) []timeAxes {
	var open, fixed []timeAxes
	for _, v := range f.open {
		if _, set := o.Set[v.name]; set {
			continue
		}
		for k := range v.dims {
			list := f.extended(o, a, v, k)
			if len(list) > 0 && list[0].frames == 0 {
				open = append(open, list...)
			} else {
				fixed = append(fixed, list...)
			}
		}
	}
	return append(open, fixed...)
}

// maxOpen is among how many inputs the time axis is looked for.
const maxOpen = 64

// maxTrials is how many nodes may be interpreted to find the time axis.
const maxTrials = 1 << 21

// extended are time axes with one more: alone, with those of the other inputs that
// have its name, and with those that have its place and size. There are none where the
// input has a time axis, or the size contradicts that of the others.
func (f *source) extended(o Options, a timeAxes, v valueProto, k int) []timeAxes {
	if _, taken := a.of[v.name]; taken {
		return nil
	}
	var all []timeAxes
	size := f.total(o, timeAxes{of: map[string]int{v.name: k}})
	if len(a.of) > 0 && size != f.total(o, a) {
		return nil
	}
	add := func(same func(other valueProto, at int) bool) {
		e := a
		e.frames = size
		if e.of = maps.Clone(a.of); e.of == nil {
			e.of = map[string]int{}
		}
		for _, other := range f.open {
			if _, taken := e.of[other.name]; taken {
				continue
			}
			if at := slices.IndexFunc(other.dims, func(d dimension) bool { return d == v.dims[k] }); at >= 0 && other.name != v.name && same(other, at) {
				e.of[other.name] = at
			}
		}
		e.of[v.name] = k
		if len(all) == 0 || len(e.of) > len(a.of)+1 {
			all = append(all, e)
		}
	}
	add(func(valueProto, int) bool { return false })
	add(func(other valueProto, at int) bool { return other.dims[at].name != "" })
	add(func(other valueProto, at int) bool {
		return len(other.dims) == len(v.dims) && other.dims[k] == v.dims[k] && at == k
	})
	return all
}
