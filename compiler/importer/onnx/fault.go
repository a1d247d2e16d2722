package onnx

import (
	"errors"
	"fmt"
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

// err joins them.
func (f *faults) err() error { return errors.Join(f.list...) }
