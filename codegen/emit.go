package codegen

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/dave/jennifer/jen"
	"golang.org/x/tools/txtar"

	"github.com/sparsec/sparsec/asm"
	"github.com/sparsec/sparsec/ir/kernel"
)

// Emit returns the files of the Go package that runs program p, which must pass
// its Verify. The first is the ManifestFile, which lists the others.
func Emit(p *kernel.Program, o Options) ([]txtar.File, error) {
	if err := p.Verify(); err != nil {
		return nil, fmt.Errorf("emitting package %s: %w", o.Package, err)
	}
	if err := o.check(p); err != nil {
		return nil, fmt.Errorf("emitting package %s: %w", o.Package, err)
	}
	files, err := newEmitter(p, o).files()
	if err != nil {
		return nil, fmt.Errorf("emitting package %s: %w", o.Package, err)
	}
	return files, nil
}

// emitter holds what the files of one package share: names, places, and which
// of the portable declarations are referred to.
type emitter struct {
	p        *kernel.Program
	o        Options
	layout   kernel.Layout
	image    []byte
	assembly []asm.Assembly

	inputs, outputs []port
	fields          []string       // of State: one a buffer
	given           map[int]string // flag of State of each state that goes backwards, by buffer
	layers          []string       // stem of the functions of each layer
	rt              map[string]bool
	unrolled        map[int]bool // matrices whose portable form is straight-line Go
	levels          []kernel.Level
	sequence        map[kernel.Level][]kernel.LayerSequence // of Run; nil where it steps frame by frame
	batch           *lockstep                               // nil without a Batch
	tables          [][]int                                 // elements that layers pick, by the list
}

func newEmitter(p *kernel.Program, o Options) *emitter {
	e := &emitter{p: p, o: o, layout: p.Layout(), image: p.Image(), rt: map[string]bool{}}
	e.namePorts()
	fields := newScope("started", "back", "step", "sequence", "sequenceGeneric", "sequenceAVX2", "sequenceAVX512", "stepGeneric", "stepAVX2", "stepAVX512")
	for i := range e.inputs {
		if e.inputs[i].index() {
			e.inputs[i].field = fields.private(e.inputs[i].Name)
		}
	}
	for _, b := range p.Buffers {
		e.fields = append(e.fields, fields.private(b.Name))
	}
	e.wholeFields(fields)
	layers := newScope()
	for _, l := range p.Layers {
		e.layers = append(e.layers, layers.unique("layer"+exported(l.Name)))
	}
	e.unrolled = chooseUnrolled(p)
	e.unrollNoShared()
	e.levels = e.differing()
	e.sequence = asm.Sequence(p)
	e.batch = newLockstep(e)
	return e
}

// files runs the phases. Whatever refers to portable declarations comes before
// rt.go, and the manifest at the end.
func (e *emitter) files() ([]txtar.File, error) {
	var err error
	if e.assembly, err = asm.Emit(e.p, e.o.Package); err != nil {
		return nil, err
	}
	if e.batch != nil {
		if e.batch.assembly, err = asm.EmitBatch(e.batch.program, e.o.Package); err != nil {
			return nil, err
		}
	}
	var files []txtar.File
	add := func(name string, data []byte) { files = append(files, txtar.File{Name: name, Data: data}) }
	for _, f := range []struct {
		name  string
		build func() *jen.File
	}{
		{"gen.go", e.generateFile},
		{"model.go", e.modelFile},
		{"stream.go", e.streamFile},
		{"sequence.go", e.sequenceFile},
		{"weights.go", e.weightsFile},
		{"kernels_generic.go", e.genericFile},
		{"kernels_amd64.go", e.amd64File},
		{"kernels_noasm.go", e.noasmFile},
		{"workers.go", e.workersFile},
		{"workers_amd64.go", e.workersAMD64File},
		{"workers_noasm.go", e.workersNoasmFile},
		{"workers_frame_test.go", e.workersFrameFile},
		{"frame_test.go", e.frameFile},
		{"example_test.go", e.exampleFile},
		{"batch.go", e.batch.apiFile},
		{"batch_generic.go", e.batch.genericFile},
		{"batch_amd64.go", e.batch.amd64File},
		{"batch_noasm.go", e.batch.noasmFile},
		{"batch_frame_test.go", e.batch.frameFile},
		{"picked.go", e.tablesFile},
	} {
		file := f.build()
		if file == nil {
			continue
		}
		var b bytes.Buffer
		if err := file.Render(&b); err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		// jennifer runs all header comments together.
		add(f.name, bytes.Replace(b.Bytes(), []byte("\n//go:build "), []byte("\n\n//go:build "), 1))
	}
	for _, a := range e.assembly {
		infix := ""
		if a.Level > kernel.AVX2 {
			infix = "_" + a.Level.String()
		}
		add("kernels"+infix+"_amd64.s", e.withHeader(a.Assembly))
		add("stubs"+infix+"_amd64.go", e.withHeader(a.Stubs))
	}
	if e.batch != nil {
		add("batch_amd64.s", e.withHeader(e.batch.assembly.Assembly))
		add("batch_stubs_amd64.go", e.withHeader(e.batch.assembly.Stubs))
	}
	add("weights.bin", e.image)
	suite, err := e.suiteFiles()
	if err != nil {
		return nil, err
	}
	files = append(files, suite...)
	hugePages, err := e.hugePagesFiles()
	if err != nil {
		return nil, err
	}
	files = append(files, hugePages...)
	if len(e.o.Vectors) > 0 {
		add("testdata/vectors.bin", e.vectorFile())
	}
	if len(e.o.States) > 0 {
		add("testdata/states.bin", e.statesFile())
	}
	portable, err := e.portableFile()
	if err != nil {
		return nil, fmt.Errorf("rt.go: %w", err)
	}
	add("rt.go", portable)
	return e.withManifest(files)
}

// newFile starts a Go file of the package under a build constraint, if any.
func (e *emitter) newFile(constraint string) *jen.File {
	f := jen.NewFile(e.o.Package)
	for _, line := range e.header() {
		f.HeaderComment(line)
	}
	if constraint != "" {
		f.HeaderComment("//go:build " + constraint)
	}
	return f
}

// header are the lines that open every text file.
func (e *emitter) header() []string {
	lines := []string{Header, fmt.Sprintf("// Format %d.", FormatVersion)}
	if e.o.Input != "" {
		lines = append(lines, "// Input sha256:"+e.o.Input+".")
	}
	if len(e.o.Settings) > 0 {
		lines = append(lines, "// Options: "+strings.Join(e.o.Settings, " "))
	}
	return lines
}

// withHeader puts the full header in place of the one line that asm and the
// copied files begin with.
func (e *emitter) withHeader(text []byte) []byte {
	rest := bytes.TrimPrefix(text, []byte(Header+"\n"))
	return append([]byte(strings.Join(e.header(), "\n")+"\n"), rest...)
}

// withManifest sorts the files and puts the package's documentation, which
// lists them, before them.
func (e *emitter) withManifest(files []txtar.File) ([]txtar.File, error) {
	sortFiles(files)
	doc := e.docFile(manifestLines(files))
	var b bytes.Buffer
	if err := doc.Render(&b); err != nil {
		return nil, fmt.Errorf("%s: %w", ManifestFile, err)
	}
	return append([]txtar.File{{Name: ManifestFile, Data: b.Bytes()}}, files...), nil
}

// fingerprint tells the streams of one compiled model from those of another.
func (e *emitter) fingerprint() []byte {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s\n", e.p, e.o.Input)
	h.Write(e.image)
	return h.Sum(nil)[:8]
}

// generateFile holds the go:generate line.
func (e *emitter) generateFile() *jen.File {
	if e.o.Generate == "" {
		return nil
	}
	f := e.newFile("")
	doc(f, "//go:generate "+e.o.Generate)
	return f
}

// doc puts text, line by line, above what follows in the file.
func doc(f *jen.File, text string) {
	f.Line()
	for line := range strings.Lines(text) {
		f.Comment(strings.TrimSuffix(line, "\n"))
	}
}
