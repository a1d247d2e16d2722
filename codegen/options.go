package codegen

import (
	"errors"
	"fmt"
	"go/token"
	"strings"

	"github.com/sparsec/sparsec/ir/kernel"
)

// FormatVersion is the version of the layout of generated packages; it stands
// in the header of each file.
const FormatVersion = 1

// DefaultTolerance is how far the outputs of a package may be from the
// reference vectors, and assembly from portable code, when Options name none.
const DefaultTolerance = 1e-4

// Options are what a package depends on besides its program.
type Options struct {
	// Package is the name of the Go package.
	Package string
	// Input is the hex SHA-256 of what was compiled; it may be empty.
	Input string
	// Settings are the options of the compilation, for the header, in order.
	Settings []string
	// Generate is the command of a go:generate line; empty for none.
	Generate string
	// Vectors are reference inputs and outputs for the package's own tests.
	Vectors Vectors
	// States are those behind the last of the Vectors that the reference gives, one
	// for each exposed state of the program, elements as users see them; none leave
	// the test without references.
	States [][]float64
	// Batch asks for a type that steps several streams in lockstep.
	Batch Batch
	// Tolerance t allows |got − want| ≤ t·max(1, |want|); 0 stands for
	// DefaultTolerance.
	Tolerance float64
	// Workers is the largest number of goroutines that can share the products
	// that the program has shared, 2 or more; 0 for a package without them.
	Workers int
}

// Vectors are frames of one stream from its initial state, in the order of the
// program's ports. No frames leave the test without references.
type Vectors []Frame

// Frame is the input of one step and the output that a float64 reference gives.
type Frame struct {
	Inputs  [][]float32 // one a port; nil for an index
	Indices []int       // one a port; ignored for a vector
	Outputs [][]float64
}

func (o *Options) tolerance() float64 {
	if o.Tolerance == 0 {
		return DefaultTolerance
	}
	return o.Tolerance
}

// check lists what is wrong with the options and the program together.
func (o *Options) check(p *kernel.Program) error {
	var errs []error
	if !token.IsIdentifier(o.Package) || o.Package == "_" || o.Package == "main" || strings.HasSuffix(o.Package, "_test") {
		errs = append(errs, fmt.Errorf("package name %q: want the name of an importable Go package", o.Package))
	}
	if len(p.Inputs) == 0 {
		errs = append(errs, fmt.Errorf("program %q: no input, which Run counts frames by", p.Name))
	}
	if err := o.Batch.check(p); err != nil {
		errs = append(errs, err)
	}
	if o.Tolerance < 0 {
		errs = append(errs, fmt.Errorf("tolerance %v: want at least 0", o.Tolerance))
	}
	if err := checkWorkers(o.Workers, p); err != nil {
		errs = append(errs, err)
	}
	if err := o.checkWhole(p); err != nil {
		errs = append(errs, err)
	}
	for _, line := range append([]string{o.Input, o.Generate}, o.Settings...) {
		if strings.ContainsAny(line, "\n\r") {
			errs = append(errs, fmt.Errorf("option %q: want one line", line))
		}
	}
	if err := o.checkStates(p); err != nil {
		errs = append(errs, err)
	}
	for i, f := range o.Vectors {
		if err := f.check(p); err != nil {
			errs = append(errs, fmt.Errorf("reference frame %d: %w", i, err))
		}
	}
	return errors.Join(errs...)
}

func (o *Options) checkStates(p *kernel.Program) error {
	if len(o.States) == 0 {
		return nil
	}
	list := Accessors(p)
	if len(o.States) != len(list) || len(o.Vectors) == 0 {
		return fmt.Errorf("%d reference states behind %d frames, want %d behind one at least", len(o.States), len(o.Vectors), len(list))
	}
	for i, a := range list {
		if len(o.States[i]) != a.State.Size {
			return fmt.Errorf("reference of state %q: %d elements, want %d", a.State.Name, len(o.States[i]), a.State.Size)
		}
	}
	return nil
}

func (f *Frame) check(p *kernel.Program) error {
	if len(f.Inputs) != len(p.Inputs) || len(f.Indices) != len(p.Inputs) || len(f.Outputs) != len(p.Outputs) {
		return fmt.Errorf("%d inputs, %d indices and %d outputs, want %d, %d and %d",
			len(f.Inputs), len(f.Indices), len(f.Outputs), len(p.Inputs), len(p.Inputs), len(p.Outputs))
	}
	for i, in := range p.Inputs {
		switch {
		case in.Bound > 0 && (f.Indices[i] < 0 || f.Indices[i] >= in.Bound):
			return fmt.Errorf("input %q: index %d, want below %d", in.Name, f.Indices[i], in.Bound)
		case in.Bound == 0 && len(f.Inputs[i]) != in.Size:
			return fmt.Errorf("input %q: %d elements, want %d", in.Name, len(f.Inputs[i]), in.Size)
		}
	}
	for i, out := range p.Outputs {
		if len(f.Outputs[i]) != out.Size {
			return fmt.Errorf("output %q: %d elements, want %d", out.Name, len(f.Outputs[i]), out.Size)
		}
	}
	return nil
}
