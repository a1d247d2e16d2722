package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"text/template"

	"golang.org/x/tools/txtar"

	"github.com/sparsec/sparsec/compiler"
	"github.com/sparsec/sparsec/compiler/importer/onnx"
	"github.com/sparsec/sparsec/compiler/scratch"
	"github.com/sparsec/sparsec/ir"
)

// probabilities compiles the model and runs it over the samples: one number for each
// step of o.hop of them, the last filled up with zeros.
func probabilities(ctx context.Context, path string, samples []float32, o *options) (list []float64, err error) {
	model, err := onnx.Import(path, o.importing())
	if err != nil {
		return nil, err
	}
	d, err := newDriver(model, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	p, err := compiler.Compile(ctx, model, compiler.Options{Package: "vad", Frames: -1})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	m, err := scratch.New("vad.invalid")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	if err := errors.Join(m.Add("vad", p.Files), m.Add("", []txtar.File{{Name: "main.go", Data: d}})); err != nil {
		return nil, err
	}
	program, err := m.Build(ctx)
	if err != nil {
		return nil, err
	}
	return stream(ctx, m, program, samples, o.hop)
}

// importing says what the published files leave open: sizes, under the names that they
// have in one or the other, and the rate of samples.
func (o *options) importing() onnx.Options {
	i := onnx.Options{Dims: map[string]int{"batch": 1, "sequence": o.window, "input:0": 1, "input:1": o.window, "state:1": 1}}
	if o.rate != "" {
		i.Set = map[string]string{o.rate: strconv.Itoa(sampleRate)}
	}
	return i
}

// stream sends the samples through the program, a step at a time.
func stream(ctx context.Context, m *scratch.Module, program string, samples []float32, hop int) ([]float64, error) {
	steps := (len(samples) + hop - 1) / hop
	filled := make([]float32, steps*hop)
	copy(filled, samples)
	input, err := binary.Append(nil, binary.LittleEndian, filled)
	if err != nil {
		return nil, err
	}
	output, err := m.Run(ctx, bytes.NewReader(input), program)
	if err != nil {
		return nil, err
	}
	values := make([]float32, steps)
	if n, err := binary.Decode(output, binary.LittleEndian, values); err != nil || n != len(output) {
		return nil, fmt.Errorf("%d bytes of probabilities, want %d", len(output), 4*steps)
	}
	list := make([]float64, steps)
	for i, v := range values {
		list[i] = float64(v)
	}
	return list, nil
}

// newDriver is the main package that steps the model: from samples on its standard
// input to probabilities on its standard output, both little-endian float32.
func newDriver(m *ir.Model, o *options) ([]byte, error) {
	types, err := m.Infer()
	if err != nil {
		return nil, err
	}
	if len(m.Inputs) != 1 || len(m.Outputs) != 1 || !m.Streaming() {
		return nil, fmt.Errorf("%d inputs and %d outputs, want one each of a model that can be stepped", len(m.Inputs), len(m.Outputs))
	}
	in, out := m.Inputs[0].Type, types[m.Outputs[0]]
	if in.DType != ir.Float32 || in.Len() != o.window || out.Len() != 1 {
		return nil, fmt.Errorf("from %v to %v, want from %d samples to one probability", in, out, o.window)
	}
	var b bytes.Buffer
	err = driver.Execute(&b, struct{ Window, Hop, Context int }{o.window, o.hop, o.window - o.hop})
	return b.Bytes(), err
}

var driver = template.Must(template.New("driver").Parse(`package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"log"
	"os"

	"vad.invalid/vad"
)

func main() {
	in, out := bufio.NewReader(os.Stdin), bufio.NewWriter(os.Stdout)
	var s vad.State
	var window [{{.Window}}]float32
	var probability [1]float32
	for {
		copy(window[:], window[{{.Hop}}:])
		err := binary.Read(in, binary.LittleEndian, window[{{.Context}}:])
		if errors.Is(err, io.EOF) {
			break
		}
		check(err)
		s.Step(&probability, &window)
		check(binary.Write(out, binary.LittleEndian, probability[:]))
	}
	check(out.Flush())
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
`))
