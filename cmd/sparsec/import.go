package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/ckpt"
	"github.com/sparsec/sparsec/ir/eval"
)

var importVerb = &verb{
	name:    "import",
	args:    modelArgs,
	summary: "make a checkpoint of an ONNX file or a PyTorch state dict",
	detail: `
Reads a model that another program wrote, prints what was found, and writes it to a
checkpoint, whose graph says which tensors of the file became which inputs, outputs
and states. All other verbs take such files too, with the same flags; a checkpoint
needs none of them.

What is not supported is refused, with a list of every op, attribute and dimension.

` + modelFiles + `

A state dict has the weights of modules, but not how they are joined. That says a
description: in the file, if the script of sparsec export-script wrote it; in a file
beside it of the same name but .toml or .json; or in that of -model:

  [[input]]            # not needed where the first module tells it
  name = "x"
  shape = [40]         # of a frame; of indices: bound = 256
  [[module]]
  type = "LSTM"        # of torch.nn, with the options and defaults it has there
  prefix = "rnn"       # of its tensors: rnn.weight_ih_l0
  num_layers = 2
  [[module]]
  type = "Linear"
  prefix = "out"
  from = "rnn"         # or a list; without it the module before
  [[output]]           # not needed for the last module, which is y
  name = "logits"
  from = "out"
  last = true          # PyTorch's tensor has the last frame alone

Without one a plain stack of GRU and LSTM with a Linear is told by its names. The
documentation of compiler/importer/torch lists all types and options.`,
	example: `sparsec import model.onnx -dim batch=1 -o model.ckpt
sparsec import model.safetensors -model model.toml -o model.ckpt`,
	define: func(fs *flag.FlagSet) action {
		var i importRun
		i.from.define(fs)
		fs.StringVar(&i.out, "o", "model.ckpt", "`file` to write")
		fs.BoolVar(&i.force, "f", false, "replace the file if it is there")
		return i.run
	},
}

type importRun struct {
	from  importFlags
	out   string
	force bool
}

func (i *importRun) run(ctx context.Context, e *env, args []string) error {
	path, err := one(args, "a model")
	if err != nil {
		return err
	}
	c, err := e.model(path, i.from)
	if err != nil {
		return err
	}
	if err := replaceable(i.out, i.force); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := ckpt.Write(i.out, c.model, c.meta); err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "%s: model %q, %s\n\n", c.path, c.model.Name, size(int(c.bytes)))
	printEdge(e.stdout, c.model)
	printLayers(e.stdout, c.model)
	return outcome(e.stdout, i.out)
}

// printEdge prints the tensors of the file and what became of them.
func printEdge(w io.Writer, m *ir.Model) {
	t := newTable(w, "tensor", "", "shape", "is")
	for _, x := range eval.Edge(m) {
		side := "input"
		if x.Output {
			side = "output"
		}
		t.row(side, x.Name, x.ShapeText(), partsText(x.Parts))
	}
	t.flush()
	switch {
	case !m.Streaming():
		fmt.Fprintln(w, "reads ahead: the package takes whole sequences")
	case len(m.States) > 0:
		var names []string
		for _, s := range m.States {
			names = append(names, fmt.Sprintf("%s [%d]", s.Name, s.Size))
		}
		fmt.Fprintf(w, "streaming, with states %s\n", strings.Join(names, ", "))
	default:
		fmt.Fprintln(w, "streaming, without states")
	}
	fmt.Fprintln(w)
}

// partsText lists the parts of a tensor, of many the first.
func partsText(parts []ir.Part) string {
	const most = 4
	var words []string
	for _, p := range parts[:min(len(parts), most)] {
		words = append(words, p.Kind.String()+" "+p.Name)
	}
	if rest := len(parts) - most; rest > 0 {
		words = append(words, fmt.Sprintf("%d more", rest))
	}
	return strings.Join(words, ", ")
}

// printLayers prints the nodes that have matrices, how many others there are, and
// what weights there are in all.
func printLayers(w io.Writer, m *ir.Model) {
	t := newTable(w, "layer", "", "matrix", "shape", "density")
	others := map[string]int{}
	for _, n := range m.Nodes {
		kind, name := n.Op.Kind(), n.Name
		for _, p := range matricesOf(m, n.Op) {
			t.row(kind, name, p.Name, shape(p.Shape[0], p.Shape[1]), percent(ratio(nonZero(p.Data), len(p.Data))))
			kind, name = "", ""
		}
		if kind != "" {
			others[kind]++
		}
	}
	t.flush()
	var words []string
	for _, kind := range slices.Sorted(maps.Keys(others)) {
		words = append(words, fmt.Sprintf("%d %s", others[kind], kind))
	}
	if len(words) > 0 {
		fmt.Fprintf(w, "other nodes: %s\n", strings.Join(words, ", "))
	}
	all, kept := 0, 0
	for _, p := range m.Params {
		all, kept = all+len(p.Data), kept+nonZero(p.Data)
	}
	fmt.Fprintf(w, "parameters: %d, %d not zero (%s)\n", all, kept, percent(ratio(kept, all)))
}

// matricesOf are the parameters of two dimensions that an op names, in their order.
func matricesOf(m *ir.Model, op ir.Op) []*ir.Param {
	var list []*ir.Param
	for _, name := range ir.ParamNames(op) {
		if p := m.Param(name); len(p.Shape) == 2 {
			list = append(list, p)
		}
	}
	return list
}
