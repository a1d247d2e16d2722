package onnx

import (
	"errors"
	"fmt"
	"slices"
)

// faults are what keeps a file from being imported, each once.
type faults struct {
	list []error
	seen map[string]bool
}

// maxFaults is how many faults are listed.
const maxFaults = 500

func (f *faults) add(format string, args ...any) {
	text := fmt.Errorf(format, args...)
	if f.seen == nil {
		f.seen = map[string]bool{}
	}
	if !f.seen[text.Error()] && len(f.list) < maxFaults {
		f.seen[text.Error()] = true
		f.list = append(f.list, text)
	}
}

// openTime says of an open dimension that it may be time, not that it must be fixed,
// if it is the only one and there are other faults: those keep time from being found.
func (f *faults) openTime() {
	var names []string
	open := make([]*openDimensions, len(f.list))
	others := false
	for i, err := range f.list {
		if errors.As(err, &open[i]) {
			names = append(names, open[i].names...)
		} else {
			others = true
		}
	}
	slices.Sort(names)
	if names = slices.Compact(names); !others || len(names) != 1 {
		return
	}
	for i, d := range open {
		if d != nil {
			f.list[i] = fmt.Errorf("input %q: dimension %s is not known: it may be time, which is not found in a graph with faults", d.input, names[0])
		}
	}
}

// err joins them.
func (f *faults) err() error { return errors.Join(f.list...) }
