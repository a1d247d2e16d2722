package codegen

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/dave/jennifer/jen"

	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// docFile is the ManifestFile: the list of all files, and what the model is.
func (e *emitter) docFile(manifest []string) *jen.File {
	f := e.newFile("")
	f.HeaderComment("")
	for _, line := range manifest {
		f.HeaderComment(line)
	}
	for line := range strings.Lines(e.packageDoc()) {
		f.PackageComment(strings.TrimRight("// "+strings.TrimRight(line, "\n"), " "))
	}
	return f
}

func (e *emitter) packageDoc() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Package %s runs the recurrent model %q, %s, compiled\n", e.o.Package, e.p.Name, e.pace())
	b.WriteString("to Go and " + e.levelNames() + " assembly with the pattern of its sparse weights.\n\n")
	for _, in := range e.inputs {
		if in.index() {
			fmt.Fprintf(&b, "  - input %s: %q, an index below %d\n", in.param, in.Name, in.Bound)
		} else {
			fmt.Fprintf(&b, "  - input %s: %q, %d float32\n", in.param, in.Name, in.Size)
		}
	}
	for _, out := range e.outputs {
		fmt.Fprintf(&b, "  - output %s: %q, %d float32\n", out.param, out.Name, out.Size)
	}
	for _, s := range e.p.States {
		fmt.Fprintf(&b, "  - state %q, %d float32\n", s.Name, s.Size)
	}
	b.WriteString("\n# Layers\n\n")
	for _, l := range e.p.Layers {
		fmt.Fprintf(&b, "  - %q: %s\n", l.Name, oneLine(l.Doc))
	}
	if len(e.p.Matrices) > 0 {
		b.WriteString("\nMatrices, as they lie in weights.bin:\n\n")
		e.matrixTable(&b)
	}
	if e.reduced() {
		b.WriteString(`
Strategies that end in q16, f16 or int8 store weights with 16 or 8 bits and a
scale a row. The package's tests hold it against the model with the weights that
are stored, not those that these were rounded from.
`)
	}
	b.WriteString(e.statesDoc())
	b.WriteString("\n# Use\n\n" + e.useDoc())
	switch {
	case e.large():
		fmt.Fprintf(&b, "On Linux the program copies the weights, %.1f MB, to huge pages when it starts.\n", float64(len(e.image))/1e6)
	case slices.Contains(e.levels, kernel.AVX512):
		fmt.Fprintf(&b, "For AVX-512 the program copies the weights, %.1f kB, when it starts, if the linker\nput them half a cache line off.\n", float64(len(e.image))/1e3)
	}
	b.WriteString(`
` + e.workersDoc() + `# Infinities, NaN and denormal numbers

A NaN that gets into a state stays there until [State.Reset]. The vector kernels
multiply zero weights with elements of x that a row does not read. So an infinite
or NaN element may turn outputs into NaN that do not depend on it, and the portable
kernels may differ there. Denormal inputs and weights count as what they are.
`)
	return b.String()
}

// pace says what the model takes at a time.
func (e *emitter) pace() string {
	if e.whole() {
		return "a sequence at a time"
	}
	return "one frame a step"
}

func (e *emitter) useDoc() string {
	if e.whole() {
		return fmt.Sprintf(`The model reads later frames than the one at hand: [State.Run] takes whole
sequences, in %d bytes of memory a frame. A [State] belongs to one goroutine; the
weights are read-only and shared by all. [State.AppendBinary] and
[State.UnmarshalBinary] save and restore what one sequence leaves for the next.
[Kernel] says which kernels this processor runs; the build tag purego leaves the
assembly out. Kernels agree within rounding, not to the last bit.
`, e.frameSize())
	}
	return `A [State] is one stream and belongs to one goroutine; the weights are read-only
and shared by all. [State.Step] and [State.Run] do not allocate. A copy of a
State forks the stream, [State.AppendBinary] and [State.UnmarshalBinary] save and
restore it. [Kernel] says which kernels this processor runs; the build tag purego
leaves the assembly out. Kernels agree within rounding, not to the last bit.
`
}

// wideSize is the size of the form for AVX-512, unless it reads the sections of
// the other one.
func wideSize(m *kernel.Matrix) string {
	if m.Wide.Packed == m.Packed {
		return "the same"
	}
	return strconv.Itoa(m.Wide.Size())
}

// levelNames are the program's levels in words.
func (e *emitter) levelNames() string {
	names := map[kernel.Level]string{kernel.AVX2: "AVX2", kernel.AVX512: "AVX-512"}
	var list []string
	for _, l := range e.levels {
		list = append(list, names[l])
	}
	return strings.Join(list, " and ")
}

// reduced reports whether any weights are not float32.
func (e *emitter) reduced() bool {
	for i := range e.p.Matrices {
		if e.p.Matrices[i].Precision() != sparse.Float32 {
			return true
		}
	}
	return false
}

func (e *emitter) matrixTable(b *strings.Builder) {
	w := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "    tensor\trows\tcols\tdensity\tstrategy\tbytes\t")
	for i := range e.p.Matrices {
		m := &e.p.Matrices[i]
		fmt.Fprintf(w, "    %s\t%d\t%d\t%.4g %%\t%s\t%d\t\n", oneLine(m.Name), m.Rows, m.Cols, density(m), m.StrategyName(), m.Size())
		if m.Wide != nil {
			fmt.Fprintf(w, "      for AVX-512\t\t\t\t%s\t%s\t\n", m.Wide.StrategyName(), wideSize(m))
		}
	}
	w.Flush()
}
