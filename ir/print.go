package ir

import (
	"bufio"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
)

// Print writes the graph, without the data, in the text form:
//
//	model  "chargru"
//	input  x index[98]
//	state  gru0.h [256]
//	param  embed.weight [98 64]
//	param  gru0.weight_ih [768 64]
//	param  gru0.weight_hh [768 256]
//	node   embed = Embedding(x) weight=embed.weight
//	node   gru0 = GRU(embed) weight_ih=gru0.weight_ih weight_hh=gru0.weight_hh h=gru0.h reset=after func=tanh
//	output gru0
//
// A line for each of the model's [Tensor]s may follow:
//
//	tensor input X [1 3 2] time=0 (value=x)
//
// One statement a line. A state may have init=PARAM. A bare name is an ASCII
// letter, digit or _ and then any of these and . / : -; other names are written
// as Go strings. # begins a comment that runs to the end of the line.
//
// For a model that Verify accepts, [Parse] gives back the same graph.
func Print(w io.Writer, m *Model) error { return printModel(w, m, printer{}) }

// PrintTypes is [Print] with a comment behind every node, its type, and behind
// every parameter that has data, its density.
func PrintTypes(w io.Writer, m *Model) error {
	types, _ := m.Infer() // a model with faults is printed all the same
	return printModel(w, m, printer{types: types, density: true})
}

// printer writes statements.
type printer struct {
	w       *bufio.Writer
	types   map[string]Type // of the nodes to comment
	density bool
}

func printModel(w io.Writer, m *Model, p printer) error {
	for _, n := range m.Nodes {
		if !isKnown(n.Op) {
			return fmt.Errorf("node %s: op is a %T, want one of this package's ops by value", quote(n.Name), n.Op)
		}
	}
	p.w = bufio.NewWriter(w)
	p.line("model", strconv.Quote(m.Name), "")
	for _, in := range m.Inputs {
		p.line("input", bare(in.Name)+" "+in.Type.String(), "")
	}
	for _, s := range m.States {
		p.line("state", stateText(s), "")
	}
	for _, t := range m.Params {
		p.line("param", bare(t.Name)+" "+shapeText(t.Shape), p.densityOf(t))
	}
	for _, n := range m.Nodes {
		p.line("node", nodeText(n), p.typeOf(n.Name))
	}
	for _, o := range m.Outputs {
		p.line("output", bare(o), "")
	}
	for _, t := range m.Tensors {
		p.line("tensor", t.text(), "")
	}
	return p.w.Flush()
}

// line writes one statement; the error of w stays with the buffer.
func (p *printer) line(keyword, text, comment string) {
	if comment != "" {
		comment = "  # " + comment
	}
	fmt.Fprintf(p.w, "%-6s %s%s\n", keyword, text, comment)
}

func stateText(s State) string {
	text := fmt.Sprintf("%s [%d]", bare(s.Name), s.Size)
	if s.Init != "" {
		text += " init=" + bare(s.Init)
	}
	return text
}

func nodeText(n Node) string {
	inputs := make([]string, len(n.Inputs))
	for i, name := range n.Inputs {
		inputs[i] = bare(name)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s = %s(%s)", bare(n.Name), n.Op.Kind(), strings.Join(inputs, ", "))
	for _, f := range Fields(n.Op) {
		if !f.Optional || !f.value.IsZero() {
			b.WriteString(" " + f.Keyword + "=" + f.text())
		}
	}
	return b.String()
}

// text is the value of a field as the text form writes it.
func (f Field) text() string {
	if f.Kind != AttrField {
		return bare(f.Name())
	}
	switch f.value.Kind() {
	case reflect.Float32:
		return strconv.FormatFloat(f.value.Float(), 'g', -1, 32)
	case reflect.String:
		return bare(f.value.String())
	}
	return fmt.Sprint(f.value.Interface())
}

func (p *printer) typeOf(node string) string {
	t, ok := p.types[node]
	if !ok {
		return ""
	}
	return t.String()
}

func (p *printer) densityOf(t *Param) string {
	if !p.density || len(t.Data) == 0 {
		return ""
	}
	kept := 0
	for _, w := range t.Data {
		if w != 0 {
			kept++
		}
	}
	return fmt.Sprintf("density %.4f, %d of %d", float64(kept)/float64(len(t.Data)), kept, len(t.Data))
}

// bare is a name as it stands in the text form.
func bare(name string) string {
	for i := range len(name) {
		if !isBare(name[i], i == 0) {
			return strconv.Quote(name)
		}
	}
	if name == "" {
		return `""`
	}
	return name
}

// isBare reports whether c may stand in a name without quotes.
func isBare(c byte, first bool) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_':
		return true
	}
	return !first && strings.IndexByte("./:-", c) >= 0
}
