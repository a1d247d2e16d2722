package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/sparsec/sparsec/compiler/schedule"
	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/sparse"
)

var inspectVerb = &verb{
	name:    "inspect",
	args:    modelArgs,
	summary: "show what is in a model and how it would compile",
	detail: `Prints the graph's inputs, states and outputs; for each matrix its shape, density,
pattern and how full blocks of R rows and C columns are (8x1: the share of blocks
with at least one weight); then the plan: what the compiler would do with each
matrix, why, the bytes of weights and indices that a step reads, and the time that
the cost model predicts. Matrices of the plan are those behind the compiler's
passes, which may drop units and split a matrix.

` + modelFiles,
	example: "sparsec inspect model.ckpt -png heatmaps",
	define: func(fs *flag.FlagSet) action {
		var i inspectRun
		i.compile.define(fs)
		fs.StringVar(&i.png, "png", "", "draw the sparsity pattern of each matrix to a PNG file in `DIR`")
		fs.BoolVar(&i.json, "json", false, "print JSON")
		return i.run
	},
}

type inspectRun struct {
	compile compileFlags
	png     string
	json    bool
}

func (i *inspectRun) run(ctx context.Context, e *env, args []string) error {
	path, err := one(args, "a model")
	if err != nil {
		return err
	}
	c, err := e.model(path, i.compile.from)
	if err != nil {
		return err
	}
	in, err := i.inspect(ctx, c)
	if err != nil {
		return err
	}
	if i.png != "" {
		if in.Pictures, err = drawHeatmaps(ctx, i.png, c.model); err != nil {
			return err
		}
	}
	if i.json {
		return printJSON(e.stdout, in)
	}
	return in.print(e.stdout)
}

// inspection is what inspect finds; its JSON is the output of -json.
type inspection struct {
	File     string            `json:"file"`
	Bytes    int64             `json:"bytes"`
	SHA256   string            `json:"sha256"`
	Model    string            `json:"model"`
	Inputs   []valueInfo       `json:"inputs"`
	States   []valueInfo       `json:"states"`
	Outputs  []valueInfo       `json:"outputs"`
	Nodes    []nodeInfo        `json:"nodes"`
	Params   int               `json:"parameters"`
	NonZero  int               `json:"nonzero_parameters"`
	Matrices []matrixInfo      `json:"matrices"`
	Passes   []string          `json:"passes,omitempty"`
	Plan     *schedule.Plan    `json:"plan,omitempty"`
	Meta     map[string]string `json:"meta,omitempty"`
	Pictures []string          `json:"pictures,omitempty"`
}

type valueInfo struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

type nodeInfo struct {
	Name    string   `json:"name"`
	Op      string   `json:"op"`
	Inputs  []string `json:"inputs"`
	Type    string   `json:"type"`
	Reverse bool     `json:"reverse,omitempty"` // from the last frame to the first
}

type matrixInfo struct {
	Tensor    string      `json:"tensor"`
	Rows      int         `json:"rows"`
	Cols      int         `json:"cols"`
	NonZero   int         `json:"nonzero"`
	Density   float64     `json:"density"`
	Pattern   string      `json:"pattern"` // the narrowest that fits
	EmptyRows int         `json:"empty_rows"`
	EmptyCols int         `json:"empty_cols"`
	Blocks    []blockInfo `json:"blocks"`
}

type blockInfo struct {
	Rows      int     `json:"rows"`
	Cols      int     `json:"cols"`
	Occupancy float64 `json:"occupancy"` // share of blocks with a weight
	Fill      float64 `json:"fill"`      // share of weights in those
}

func (i *inspectRun) inspect(ctx context.Context, c *checkpoint) (*inspection, error) {
	m := c.model
	types, err := m.Infer()
	if err != nil {
		return nil, err
	}
	in := &inspection{File: c.path, Bytes: c.bytes, SHA256: c.sum, Model: m.Name, Meta: c.meta, Matrices: matrices(m)}
	for _, x := range m.Inputs {
		in.Inputs = append(in.Inputs, valueInfo{x.Name, x.Type.String()})
	}
	for _, s := range m.States {
		in.States = append(in.States, valueInfo{s.Name, ir.Vector(s.Size).String()})
	}
	for _, name := range m.Outputs {
		in.Outputs = append(in.Outputs, valueInfo{name, types[name].String()})
	}
	for _, n := range m.Nodes {
		in.Nodes = append(in.Nodes, nodeInfo{n.Name, n.Op.Kind(), n.Inputs, types[n.Name].String(), ir.Reversed(n.Op)})
	}
	for _, p := range m.Params {
		in.Params += len(p.Data)
		in.NonZero += nonZero(p.Data)
	}
	o, err := i.compile.options(c)
	if err != nil {
		return nil, err
	}
	p, err := i.compile.lower(ctx, c, o)
	if err != nil {
		return nil, err
	}
	in.Plan = p.Plan
	for _, n := range p.Passes.Notes {
		in.Passes = append(in.Passes, n.Pass+": "+n.Text)
	}
	return in, nil
}

// matrices describes the tensors of two dimensions, in the order of the model.
func matrices(m *ir.Model) []matrixInfo {
	gates := gatesOf(m)
	var list []matrixInfo
	for _, p := range m.Params {
		if len(p.Shape) != 2 {
			continue
		}
		mask := sparse.MaskOf(&sparse.Matrix{Rows: p.Shape[0], Cols: p.Shape[1], Data: p.Data})
		s := sparse.StatsOf(mask, gateSpans(p.Shape[0], gates[p.Name])...)
		info := matrixInfo{
			Tensor: p.Name, Rows: s.Rows, Cols: s.Cols, NonZero: s.NNZ, Density: s.Density,
			Pattern: s.Patterns[0].String(), EmptyRows: s.PerRow.Empty, EmptyCols: s.PerCol.Empty,
		}
		if s.NNZ == 0 {
			info.Pattern = "empty"
		}
		for _, b := range s.Blocks {
			info.Blocks = append(info.Blocks, blockInfo{b.R, b.C, b.Occupancy(), b.Fill})
		}
		list = append(list, info)
	}
	return list
}

func nonZero(data []float32) int {
	n := 0
	for _, w := range data {
		if w != 0 {
			n++
		}
	}
	return n
}

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// print writes the inspection for a reader.
func (in *inspection) print(w io.Writer) error {
	fmt.Fprintf(w, "%s: model %q, %s, %d parameters, %d not zero (%s)\n",
		in.File, in.Model, size(int(in.Bytes)), in.Params, in.NonZero, percent(ratio(in.NonZero, in.Params)))
	fmt.Fprintf(w, "sha256 %s\n", in.SHA256)
	in.printGraph(w)
	in.printMatrices(w)
	in.printPlan(w)
	in.printMeta(w)
	for _, name := range in.Pictures {
		fmt.Fprintf(w, "wrote %s\n", name)
	}
	return nil
}

func (in *inspection) printGraph(w io.Writer) {
	fmt.Fprintln(w)
	t := newTable(w, "graph", "", "from", "type")
	for _, x := range in.Inputs {
		t.row("input", x.Name, "", x.Type)
	}
	for _, s := range in.States {
		t.row("state", s.Name, "", s.Type)
	}
	for _, n := range in.Nodes {
		op := n.Op
		if n.Reverse {
			op += " backwards"
		}
		t.row(op, n.Name, strings.Join(n.Inputs, " "), n.Type)
	}
	for _, o := range in.Outputs {
		t.row("output", o.Name, "", o.Type)
	}
	t.flush()
}

// printMatrices prints the occupancy of blocks in both orientations.
func (in *inspection) printMatrices(w io.Writer) {
	fmt.Fprintln(w)
	head := []string{"matrix", "shape", "density", "pattern", "empty rows", "cols"}
	for _, shape := range sparse.BlockShapes() {
		head = append(head, fmt.Sprintf("%dx%d", shape[0], shape[1]))
	}
	t := newTable(w, head...)
	for _, m := range in.Matrices {
		row := []any{m.Tensor, shape(m.Rows, m.Cols), percent(m.Density), m.Pattern, m.EmptyRows, m.EmptyCols}
		for _, b := range m.Blocks {
			row = append(row, fmt.Sprintf("%.0f %%", 100*b.Occupancy))
		}
		t.row(row...)
	}
	t.flush()
	fmt.Fprintln(w, "(RxC: share of blocks of R rows and C columns that hold a weight)")
}

func (in *inspection) printPlan(w io.Writer) {
	fmt.Fprintln(w)
	for _, n := range in.Passes {
		fmt.Fprintf(w, "pass %s\n", n)
	}
	printPlan(w, in.Plan)
}

func (in *inspection) printMeta(w io.Writer) {
	if len(in.Meta) == 0 {
		return
	}
	fmt.Fprintln(w)
	t := newTable(w, "metadata")
	for _, key := range slices.Sorted(maps.Keys(in.Meta)) {
		t.row(key, short(in.Meta[key]))
	}
	t.flush()
}

// short is the begin of a text that may be a whole configuration.
func short(text string) string {
	const limit = 72
	quoted := strings.Join(strings.Fields(text), " ")
	if r := []rune(quoted); len(r) > limit {
		return fmt.Sprintf("%s… (%d bytes)", string(r[:limit]), len(text))
	}
	return quoted
}
