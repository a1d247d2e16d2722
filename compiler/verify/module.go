package verify

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"text/template"

	"golang.org/x/tools/txtar"

	"github.com/sparsec/sparsec/codegen"
	"github.com/sparsec/sparsec/compiler/scratch"
	"github.com/sparsec/sparsec/ir/eval"
	"github.com/sparsec/sparsec/ir/kernel"
)

// result is what one run of the package wrote.
type result struct {
	kernel  string
	outputs [][]float32 // one a port, frame by frame
	states  [][]float32 // one an exposed state, behind the last frame
	streams []*result   // of a Batch
}

// runKernels vets the package and runs it with each kernel, its Batch with the
// inputs of streams.
func runKernels(ctx context.Context, pkg *Package, inputs []eval.Frame, streams *lockstep, o Options) (results []*result, err error) {
	for _, name := range o.Kernels {
		if !slices.Contains(Kernels(), name) {
			return nil, fmt.Errorf("kernel %q: want one of %q", name, Kernels())
		}
	}
	input, err := encodeInputs(pkg.Program, inputs)
	if err != nil {
		return nil, err
	}
	if input, err = streams.append(input, pkg.Program); err != nil {
		return nil, err
	}
	m, err := scratch.New(modulePath)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, m.Close()) }()

	m.Go = o.Go
	if err := write(m, pkg); err != nil {
		return nil, err
	}
	if _, err := m.GoRun(ctx, "vet", "./..."); err != nil {
		return nil, err
	}
	kernels := o.Kernels
	if len(kernels) == 0 {
		kernels = []string{Generic}
		for _, l := range pkg.Program.Levels() {
			kernels = append(kernels, l.String())
		}
	}
	for _, kernel := range kernels {
		output, err := runKernel(ctx, m, kernel, input)
		if err != nil {
			return nil, err
		}
		r, err := decodeOutputs(pkg.Program, output, len(inputs), streams)
		if err != nil {
			return nil, err
		}
		if r.kernel == kernel {
			results = append(results, r)
		} else if len(o.Kernels) > 0 {
			return nil, fmt.Errorf("kernel %q: this machine and package run %q", kernel, r.kernel)
		}
	}
	return results, nil
}

// modulePath is that of the temporary module; nothing of that name exists.
const modulePath = "verify.invalid"

// write puts the package and a main that runs it into the module.
func write(m *scratch.Module, pkg *Package) error {
	var main bytes.Buffer
	if err := mainTemplate.Execute(&main, struct {
		*kernel.Program
		Accessors []codegen.Accessor
		Streams   bool
	}{pkg.Program, codegen.Accessors(pkg.Program), pkg.Batch != nil}); err != nil {
		return err
	}
	switches, err := codegen.KernelSwitch(pkg.Files)
	if err != nil {
		return err
	}
	return errors.Join(
		m.Add("", []txtar.File{{Name: "main.go", Data: main.Bytes()}}),
		m.Add("model", append(slices.Clone(pkg.Files), switches...)))
}

// runKernel builds the module and runs it over the input with the kernels named,
// or with the machine's own choice where it cannot run those.
func runKernel(ctx context.Context, m *scratch.Module, name string, input []byte) ([]byte, error) {
	var tags []string
	if name == Generic {
		tags = []string{"-tags", "purego"}
	}
	program, err := m.Build(ctx, tags...)
	if err != nil {
		return nil, err
	}
	return m.Run(ctx, bytes.NewReader(input), program, name)
}

// encodeInputs is what main reads: the number of frames, then each port over
// all frames, little-endian.
func encodeInputs(p *kernel.Program, inputs []eval.Frame) ([]byte, error) {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(inputs)))
	for _, in := range p.Inputs {
		for i, frame := range inputs {
			var err error
			if b, err = appendInput(b, in, i, frame); err != nil {
				return nil, err
			}
		}
	}
	return b, nil
}

// appendInput appends the values of a port at frame i.
func appendInput(b []byte, in kernel.Port, i int, frame eval.Frame) ([]byte, error) {
	values := frame[in.Name]
	if len(values) != in.Size {
		return nil, fmt.Errorf("frame %d: input %q: %d values, want %d", i, in.Name, len(values), in.Size)
	}
	for _, v := range values {
		if in.Bound > 0 {
			b = binary.LittleEndian.AppendUint32(b, uint32(int32(v)))
		} else {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(v)))
		}
	}
	return b, nil
}

// decodeOutputs reads what main wrote: the length and name of the kernel, then
// each port over all frames, then each exposed state, then what streams read.
func decodeOutputs(p *kernel.Program, data []byte, frames int, streams *lockstep) (*result, error) {
	in := bytes.NewReader(data)
	var length uint8
	if err := binary.Read(in, binary.LittleEndian, &length); err != nil {
		return nil, fmt.Errorf("output of the package: %w", err)
	}
	name := make([]byte, length)
	if _, err := io.ReadFull(in, name); err != nil {
		return nil, fmt.Errorf("output of the package: %w", err)
	}
	r := &result{kernel: string(name)}
	for _, out := range p.Outputs {
		values, err := readFloats(in, frames*out.Size)
		if err != nil {
			return nil, fmt.Errorf("output %q of the package: %w", out.Name, err)
		}
		r.outputs = append(r.outputs, values)
	}
	var err error
	if r.states, err = readStates(p, in); err != nil {
		return nil, err
	}
	r.streams, err = streams.read(p, in)
	return r, err
}

// readStates reads the exposed states of a stream.
func readStates(p *kernel.Program, in io.Reader) (states [][]float32, err error) {
	for _, a := range codegen.Accessors(p) {
		values, err := readFloats(in, a.State.Size)
		if err != nil {
			return nil, fmt.Errorf("state %q of the package: %w", a.State.Name, err)
		}
		states = append(states, values)
	}
	return states, nil
}

func readFloats(in io.Reader, n int) ([]float32, error) {
	values := make([]float32, n)
	return values, binary.Read(in, binary.LittleEndian, values)
}

// mainTemplate is the program that runs the package, from the kernel program.
// Run, and Step of a Batch, take the outputs, then the inputs, in the order of the
// ports.
var mainTemplate = template.Must(template.New("main").Parse(`package main

import (
	"bufio"
	"encoding/binary"
	"log"
	"os"

	m "` + modulePath + `/model"
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	log.SetFlags(0)
	m.SetKernel(os.Args[1])
	in := bufio.NewReader(os.Stdin)
	var frames int64
	check(binary.Read(in, binary.LittleEndian, &frames))
{{- range $i, $p := .Inputs}}
	x{{$i}} := make([]{{if $p.Bound}}int32{{else}}float32{{end}}, frames*{{$p.Size}})
	check(binary.Read(in, binary.LittleEndian, x{{$i}}))
{{- end}}
{{- range $i, $p := .Outputs}}
	y{{$i}} := make([]float32, frames*{{$p.Size}})
{{- end}}
	var s m.State
	check(s.Run({{range $i, $p := .Outputs}}y{{$i}}, {{end}}{{range $i, $p := .Inputs}}x{{$i}}, {{end}}))
	out := bufio.NewWriter(os.Stdout)
	check(out.WriteByte(byte(len(m.Kernel()))))
	_, err := out.WriteString(m.Kernel())
	check(err)
{{- range $i, $p := .Outputs}}
	check(binary.Write(out, binary.LittleEndian, y{{$i}}))
{{- end}}
{{- range .Accessors}}
	check(binary.Write(out, binary.LittleEndian, s.{{.Get}}()))
{{- end}}
{{- if .Streams}}
	var b m.Batch
	check(binary.Read(in, binary.LittleEndian, &frames))
	for range frames {
{{- range $i, $p := .Inputs}}
{{- if $p.Bound}}
		var indices{{$i}} [m.BatchSize]int32
		check(binary.Read(in, binary.LittleEndian, &indices{{$i}}))
		var x{{$i}} [m.BatchSize]int
		for i, v := range indices{{$i}} {
			x{{$i}}[i] = int(v)
		}
{{- else}}
		var x{{$i}} [m.BatchSize][{{$p.Size}}]float32
		check(binary.Read(in, binary.LittleEndian, &x{{$i}}))
{{- end}}
{{- end}}
{{- range $i, $p := .Outputs}}
		var y{{$i}} [m.BatchSize][{{$p.Size}}]float32
{{- end}}
		b.Step({{range $i, $p := .Outputs}}&y{{$i}}, {{end}}{{range $i, $p := .Inputs}}&x{{$i}}, {{end}})
{{- range $i, $p := .Outputs}}
		check(binary.Write(out, binary.LittleEndian, &y{{$i}}))
{{- end}}
	}
{{- if .Accessors}}
	for i := range m.BatchSize {
		s := b.Stream(i)
{{- range .Accessors}}
		check(binary.Write(out, binary.LittleEndian, s.{{.Get}}()))
{{- end}}
	}
{{- end}}
{{- end}}
	check(out.Flush())
}
`))
