package onnx

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/sparsec/sparsec/ir"
)

// Options say what a file leaves open. The zero value leaves it open.
type Options struct {
	Name     string            // of the model; the name of the file if empty
	Dims     map[string]int    // sizes of dimensions, by name, or INPUT:AXIS for those without
	Set      map[string]string // inputs that become constants: numbers separated by commas
	States   [][2]string       // inputs that are states, each with the output that is its next value
	Time     string            // the axis along the frames, INPUT:AXIS, "none"; found if empty
	GRUReset string            // "after" or "before", for files whose exporter cannot be trusted
}

// The versions of the standard operators that are known.
const (
	oldestOpset = 7
	newestOpset = 26
)

// maxFile is the largest file that is read, the largest message of protobuf.
const maxFile = 1<<31 - 1

// Import reads an ONNX file. An error lists everything that is not supported, with
// the names of the nodes.
func Import(path string, o Options) (*ir.Model, error) {
	b, err := readFile(path)
	if err != nil {
		return nil, err
	}
	m, err := decode(b, filepath.Dir(path), o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if m.Name = o.Name; m.Name == "" {
		m.Name = strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	}
	return m, nil
}

// readFile reads a file that is not too large.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case info.Size() > maxFile:
		return nil, fmt.Errorf("%s: %d bytes, want at most %d", path, info.Size(), maxFile)
	}
	b := make([]byte, info.Size())
	if _, err = io.ReadFull(f, b); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return b, nil
}

// decode makes the model of the bytes of a file in a folder.
func decode(b []byte, folder string, o Options) (*ir.Model, error) {
	if err := tensorflowFault(b); err != nil {
		return nil, err
	}
	var d decoder
	proto, err := d.model(b)
	switch {
	case err != nil:
		return nil, fmt.Errorf("is no ONNX file: %w", err)
	case proto.graph == nil:
		return nil, errors.New("is no ONNX file: has no graph")
	case proto.opset < oldestOpset || proto.opset > newestOpset:
		return nil, fmt.Errorf("has operators of version %d, want %d to %d", proto.opset, oldestOpset, newestOpset)
	}
	if o.GRUReset != "" && o.GRUReset != "after" && o.GRUReset != "before" {
		return nil, fmt.Errorf("reset %q of GRU, want after or before", o.GRUReset)
	}
	f := &source{model: proto, folder: folder, size: len(b), weights: map[*tensorProto]*tensor{}}
	f.open = openInputs(proto.graph)
	im, err := f.interpret(o)
	if err != nil {
		return nil, err
	}
	m, err := im.finish()
	if err != nil {
		return nil, err
	}
	if err := m.Verify(); err != nil {
		return nil, fmt.Errorf("the model that it makes is at fault: %w", err)
	}
	return m, nil
}

// openInputs are the inputs that are no initialisers: old files list those too.
func openInputs(g *graphProto) []valueProto {
	given := map[string]bool{}
	for _, t := range g.tensors {
		given[t.name] = true
	}
	var open []valueProto
	for _, v := range g.inputs {
		if !given[v.name] {
			open = append(open, v)
		}
	}
	return open
}

// source is a decoded file.
type source struct {
	model   *modelProto
	folder  string
	size    int
	open    []valueProto             // the inputs that have no initialiser
	weights map[*tensorProto]*tensor // those that are decoded
	numbers int                      // bytes that those of integers take
}

// constant is a tensor of the file.
func (f *source) constant(t *tensorProto) (*tensor, error) {
	if c, ok := f.weights[t]; ok {
		return c, nil
	}
	c, err := t.constant(f.folder)
	if err != nil {
		return nil, err
	}
	if f.numbers += 16 * len(c.numbers); f.numbers > room(f.size) {
		return nil, errors.New("the file has too many integers")
	}
	f.weights[t] = c
	return c, nil
}

// room is how many bytes may be computed of a file of so many.
func room(size int) int { return 64<<20 + 6*size }

// importer is one interpretation of a file, with the axes that it takes for time.
type importer struct {
	source
	o       Options
	axes    timeAxes
	room    int
	nodes   int // interpreted
	g       *graph
	faults  faults
	inputs  []*input
	results []result
	steps   []*step             // single steps of cells, when scouting
	params  map[string]string   // shared ones by what they are made of
	turns   map[*tensor]*tensor // constant matrices and their transposed
	owner   map[string]vector   // of a state: what reads and replaces it
	timed   int                 // recurrent nodes whose frames are the model's
	stretch int                 // by how much the rate must grow, if it must
}

// run interprets the graph of the file.
func (f *source) run(o Options, a timeAxes) *importer {
	im := &importer{source: *f, o: o, axes: a, room: room(f.size), g: newGraph(), params: map[string]string{}, turns: map[*tensor]*tensor{}, owner: map[string]vector{}, stretch: 1}
	top := &scope{im: im, values: map[string]*tensor{}, opset: f.model.opset}
	top.initialisers(f.model.graph)
	im.readInputs(top)
	top.nodes(f.model.graph.nodes, live(f.model.graph))
	im.outputs(top)
	return im
}
