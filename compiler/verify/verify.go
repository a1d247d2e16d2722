package verify

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"golang.org/x/tools/txtar"

	"github.com/sparsec/sparsec/codegen"
	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/eval"
	"github.com/sparsec/sparsec/ir/kernel"
)

// Package is a compiled package: its files, the program they were emitted from
// and the model, after all passes, that the program was lowered from.
type Package struct {
	Files   []txtar.File
	Program *kernel.Program
	Batch   *kernel.Program // for streams in lockstep; nil without them
	Streams int             // in lockstep, of a Batch
	Model   *ir.Model
}

// Generic names the portable kernels, those of a build with the tag purego;
// others go by the name of their level.
const Generic = "generic"

// Kernels are the names of all kernels that packages have.
func Kernels() []string {
	names := []string{Generic}
	for _, l := range kernel.Levels() {
		names = append(names, l.String())
	}
	return names
}

// DefaultTolerance is that of Options that name none.
const DefaultTolerance = 1e-4

// Options say how to verify.
type Options struct {
	// Kernels to run; none stands for all that the package has and this machine
	// can run. Naming one that it cannot run is an error.
	Kernels []string
	// Tolerance t allows |got − want| ≤ t·max(1, |want|); 0 stands for
	// DefaultTolerance.
	Tolerance float64
	// Go is the go command; empty for the one in PATH.
	Go string
}

// Report is what Run found.
type Report struct {
	Frames    int
	Streams   int // in lockstep; 0 without a Batch
	Lockstep  int // frames of each of those
	Tolerance float64
	Runs      []KernelRun
	Matrices  []MatrixReport
}

// KernelRun compares the outputs of one run, and the exposed states behind the last
// step, with the reference, and those of the streams of a Batch as well.
type KernelRun struct {
	Kernel  string
	Outputs []OutputError
	States  []OutputError

	StreamOutputs []StreamError
	StreamStates  []StreamError
}

// OutputError is how far an output is from the reference over all steps.
type OutputError struct {
	Name     string
	MaxAbs   float64 // largest |got − want|
	MaxRel   float64 // largest |got − want| / max(1, |want|): what the tolerance bounds
	Step     int     // where MaxRel is
	Diverges int     // first step beyond the tolerance; −1 if none is
}

// OK reports whether all outputs and states are within the tolerance and all masks
// equal.
func (r *Report) OK() bool {
	for _, run := range r.Runs {
		for _, o := range slices.Concat(run.Outputs, run.States) {
			if o.Diverges >= 0 {
				return false
			}
		}
		for _, o := range slices.Concat(run.StreamOutputs, run.StreamStates) {
			if o.Diverges >= 0 {
				return false
			}
		}
	}
	for _, m := range r.Matrices {
		if m.Differ > 0 {
			return false
		}
	}
	return true
}

// String is the report for a reader, a line an output and a matrix.
func (r *Report) String() string {
	var b strings.Builder
	for _, run := range r.Runs {
		for _, o := range run.Outputs {
			fmt.Fprintf(&b, "%s: output %q over %d steps: largest error %.3g absolute, %.3g relative (step %d)",
				run.Kernel, o.Name, r.Frames, o.MaxAbs, o.MaxRel, o.Step)
			if o.Diverges >= 0 {
				fmt.Fprintf(&b, "; beyond the tolerance %.3g from step %d on", r.Tolerance, o.Diverges)
			}
			b.WriteByte('\n')
		}
		for _, s := range run.States {
			fmt.Fprintf(&b, "%s: state %q behind the last step: largest error %.3g absolute, %.3g relative", run.Kernel, s.Name, s.MaxAbs, s.MaxRel)
			if s.Diverges >= 0 {
				fmt.Fprintf(&b, "; beyond the tolerance %.3g", r.Tolerance)
			}
			b.WriteByte('\n')
		}
		r.writeStreams(&b, &run)
	}
	for _, m := range r.Matrices {
		fmt.Fprintf(&b, "matrix %s: %d non-zeros emitted, %d in the model, %d positions differ; weights moved by at most %.3g relative",
			m.Name, m.Emitted, m.Model, m.Differ, m.MaxRel)
		if m.Zeroed > 0 {
			fmt.Fprintf(&b, ", %d rounded to zero", m.Zeroed)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// Run verifies a package on a sequence of at least one frame, which begins in
// the initial state. Inputs are rounded to float32. An error means that the
// package could not be vetted, built or run, or that weights.bin is not what
// the program packs; differences are in the report. The streams of a Batch have
// inputs of their own, drawn from the frames, for fewer steps. The reference has the weights
// that are [Stored].
func Run(ctx context.Context, pkg *Package, inputs []eval.Frame, o Options) (*Report, error) {
	if len(inputs) == 0 {
		return nil, errors.New("verify: no input frames")
	}
	r := &Report{Frames: len(inputs), Tolerance: o.Tolerance}
	if r.Tolerance == 0 {
		r.Tolerance = DefaultTolerance
	}
	var err error
	if r.Matrices, err = compareMatrices(pkg); err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	inputs = rounded(inputs)
	model, err := Stored(pkg.Model, pkg.Program)
	if err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	g, err := eval.New(model)
	if err != nil {
		return nil, fmt.Errorf("verify: reference: %w", err)
	}
	want, err := g.Run(inputs)
	if err != nil {
		return nil, fmt.Errorf("verify: reference: %w", err)
	}
	streams, err := newLockstep(ctx, pkg, model, inputs)
	if err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	if streams != nil {
		r.Streams, r.Lockstep = len(streams.inputs), len(streams.inputs[0])
	}
	runs, err := runKernels(ctx, pkg, inputs, streams, o)
	if err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	for _, run := range runs {
		k := compareRun(pkg.Program, run, want, r.Tolerance)
		k.States = compareStates(pkg.Program, run, g, r.Tolerance)
		k.StreamOutputs, k.StreamStates = streams.compare(pkg.Program, run.streams, r.Tolerance)
		r.Runs = append(r.Runs, k)
	}
	return r, nil
}

// rounded is what the package can be given of the inputs.
func rounded(inputs []eval.Frame) []eval.Frame {
	list := make([]eval.Frame, len(inputs))
	for i, frame := range inputs {
		list[i] = eval.Frame{}
		for name, values := range frame {
			r := make([]float64, len(values))
			for k, v := range values {
				r[k] = float64(float32(v))
			}
			list[i][name] = r
		}
	}
	return list
}

func reference(m *ir.Model, inputs []eval.Frame) ([]eval.Frame, error) {
	g, err := eval.New(m)
	if err != nil {
		return nil, err
	}
	return g.Run(inputs)
}

// compareRun measures one run; a value that is not finite where the reference
// is counts as an infinite error.
func compareRun(p *kernel.Program, run *result, want []eval.Frame, tolerance float64) KernelRun {
	k := KernelRun{Kernel: run.kernel}
	for i, out := range p.Outputs {
		o := OutputError{Name: out.Name, Diverges: -1}
		for step, frame := range want {
			for e, w := range frame[out.Name] {
				o.element(step, float64(run.outputs[i][step*out.Size+e]), w, tolerance)
			}
		}
		k.Outputs = append(k.Outputs, o)
	}
	return k
}

// compareStates measures the exposed states that a run and the reference leave.
func compareStates(p *kernel.Program, run *result, g *eval.Graph, tolerance float64) (list []OutputError) {
	for i, a := range codegen.Accessors(p) {
		o := OutputError{Name: a.State.Name, Diverges: -1}
		for e, w := range a.State.Seen(g.State(a.State.Name)) {
			o.element(0, float64(run.states[i][e]), w, tolerance)
		}
		list = append(list, o)
	}
	return list
}

// element counts an element in.
func (o *OutputError) element(step int, got, want, tolerance float64) {
	abs := math.Abs(got - want)
	if math.IsNaN(abs) {
		abs = math.Inf(1)
	}
	rel := abs / max(1, math.Abs(want))
	o.MaxAbs = max(o.MaxAbs, abs)
	if rel > o.MaxRel {
		o.MaxRel, o.Step = rel, step
	}
	if rel > tolerance && o.Diverges < 0 {
		o.Diverges = step
	}
}
