package verify

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/template"

	"golang.org/x/tools/txtar"

	"github.com/sparsec/sparsec/ir/eval"
	"github.com/sparsec/sparsec/ir/kernel"
)

// result is what one run of the package wrote.
type result struct {
	kernel  string
	outputs [][]float32 // one a port, frame by frame
}

// runKernels vets the package and runs it with each kernel.
func runKernels(ctx context.Context, pkg *Package, inputs []eval.Frame, o Options) (results []*result, err error) {
	for _, name := range o.Kernels {
		if name != Generic && name != AVX2 {
			return nil, fmt.Errorf("kernel %q: want %q or %q", name, Generic, AVX2)
		}
	}
	input, err := encodeInputs(pkg.Program, inputs)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "sparsec-verify-*")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	m := module{dir: dir, command: o.Go}
	if err := m.write(pkg); err != nil {
		return nil, err
	}
	if _, err := m.run(ctx, nil, m.goCommand(), "vet", "./..."); err != nil {
		return nil, err
	}
	kernels := o.Kernels
	if len(kernels) == 0 {
		kernels = []string{Generic, ""}
	}
	for _, kernel := range kernels {
		r, err := m.runKernel(ctx, pkg.Program, kernel, input, len(inputs))
		if err != nil {
			return nil, err
		}
		if kernel == "" && r.kernel == Generic {
			continue // this machine has nothing better, and that has run
		}
		results = append(results, r)
	}
	return results, nil
}

// module is a temporary module with the package and a main that runs it. It
// needs nothing but the standard library, so that it builds offline.
type module struct {
	dir, command string
}

func (m *module) goCommand() string {
	if m.command != "" {
		return m.command
	}
	return "go"
}

func (m *module) write(pkg *Package) error {
	var main bytes.Buffer
	if err := mainTemplate.Execute(&main, pkg.Program); err != nil {
		return err
	}
	files := []txtar.File{
		{Name: "go.mod", Data: []byte("module verify.invalid\n\ngo 1.26\n")},
		{Name: "main.go", Data: main.Bytes()},
	}
	for _, f := range pkg.Files {
		files = append(files, txtar.File{Name: "model/" + f.Name, Data: f.Data})
	}
	for _, f := range files {
		local, err := filepath.Localize(f.Name)
		if err != nil {
			return fmt.Errorf("file %q: %w", f.Name, err)
		}
		path := filepath.Join(m.dir, local)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// runKernel builds the module and runs it over the input; "" takes the kernels
// that the machine takes by itself.
func (m *module) runKernel(ctx context.Context, p *kernel.Program, name string, input []byte, frames int) (*result, error) {
	build := []string{"build", "-o", "run.exe"}
	if name == Generic {
		build = append(build, "-tags", "purego")
	}
	if _, err := m.run(ctx, nil, m.goCommand(), append(build, ".")...); err != nil {
		return nil, err
	}
	output, err := m.run(ctx, input, filepath.Join(m.dir, "run.exe"))
	if err != nil {
		return nil, err
	}
	r, err := decodeOutputs(p, output, frames)
	if err != nil {
		return nil, err
	}
	if name != "" && r.kernel != name {
		return nil, fmt.Errorf("kernel %q: this machine runs %q", name, r.kernel)
	}
	return r, nil
}

// run runs a command in the module and returns its output; the error has what
// the command said.
func (m *module) run(ctx context.Context, input []byte, command string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, command, args...)
	cmd.Dir = m.dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod", "GOPROXY=off", "GOTOOLCHAIN=local")
	cmd.Stdin = bytes.NewReader(input)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		what := strings.Join(append([]string{filepath.Base(command)}, args...), " ")
		return nil, fmt.Errorf("%s: %w\n%s", what, err, strings.TrimSpace(said.String()))
	}
	return out.Bytes(), nil
}

// encodeInputs is what main reads: the number of frames, then each port over
// all frames, little-endian.
func encodeInputs(p *kernel.Program, inputs []eval.Frame) ([]byte, error) {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(inputs)))
	for _, in := range p.Inputs {
		for i, frame := range inputs {
			values := frame[in.Name]
			if len(values) != in.Size {
				return nil, fmt.Errorf("frame %d: input %q: %d values, want %d", i, in.Name, len(values), in.Size)
			}
			for _, v := range values {
				var err error
				if in.Bound > 0 {
					b, err = binary.Append(b, binary.LittleEndian, int32(v))
				} else {
					b, err = binary.Append(b, binary.LittleEndian, float32(v))
				}
				if err != nil {
					return nil, err
				}
			}
		}
	}
	return b, nil
}

// decodeOutputs reads what main wrote: the length and name of the kernel, then
// each port over all frames.
func decodeOutputs(p *kernel.Program, data []byte, frames int) (*result, error) {
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
		values := make([]float32, frames*out.Size)
		if err := binary.Read(in, binary.LittleEndian, values); err != nil {
			return nil, fmt.Errorf("output %q of the package: %w", out.Name, err)
		}
		r.outputs = append(r.outputs, values)
	}
	return r, nil
}

// mainTemplate is the program that runs the package, from the kernel program.
// Run takes the outputs, then the inputs, in the order of the ports.
var mainTemplate = template.Must(template.New("main").Parse(`package main

import (
	"bufio"
	"encoding/binary"
	"log"
	"os"

	m "verify.invalid/model"
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	log.SetFlags(0)
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
	check(out.Flush())
}
`))
