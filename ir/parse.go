package ir

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// MaxText is the longest text in bytes that [Parse] reads.
const MaxText = 64 << 20

// maxSyntaxErrors is how many faults Parse lists before it stops.
const maxSyntaxErrors = 10

// SyntaxError is a fault of the text form. Line and Col count from 1, Col in
// bytes.
type SyntaxError struct {
	Line, Col int
	Msg       string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("%d:%d: %s", e.Line, e.Col, e.Msg) }

// Parse reads the text form that [Print] writes. The parameters have no data.
// The error joins a [*SyntaxError] for each of the first faulty lines; what
// the graph means is for [Model.Verify] to check.
func Parse(r io.Reader) (*Model, error) {
	text, err := io.ReadAll(io.LimitReader(r, MaxText+1))
	if err != nil {
		return nil, err
	}
	if len(text) > MaxText {
		return nil, fmt.Errorf("text is longer than %d bytes", MaxText)
	}
	p := parser{m: &Model{}}
	var faults []error
	for line := range strings.Lines(string(text)) {
		p.begin(line)
		if err := p.statement(); err != nil {
			faults = append(faults, err)
		}
		if len(faults) == maxSyntaxErrors {
			break
		}
	}
	if len(faults) == 0 && !p.named {
		faults = append(faults, &SyntaxError{p.line + 1, 1, `want a line: model "name"`})
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return p.m, nil
}

// parser reads statements, one a line. tok is the token at hand.
type parser struct {
	m     *Model
	named bool // the model line is there

	line int
	rest string // of the line, behind tok
	at   int    // bytes of the line before rest
	tok  token
}

func (p *parser) begin(line string) {
	p.line++
	p.rest, p.at = strings.TrimRight(line, "\r\n"), 0
}

// statements are the readers of what follows each keyword.
var statements = map[string]func(*parser) error{
	"model":  (*parser).model,
	"input":  (*parser).input,
	"state":  (*parser).state,
	"param":  (*parser).param,
	"node":   (*parser).node,
	"output": (*parser).output,
	"tensor": (*parser).tensor,
}

// statement reads the line.
func (p *parser) statement() error {
	if err := p.next(); err != nil || p.tok.kind == endToken {
		return err
	}
	keyword := p.tok
	if err := p.next(); err != nil {
		return err
	}
	if !p.named && keyword.text != "model" {
		return p.errorAt(keyword, "%s before the model line", keyword)
	}
	read, ok := statements[keyword.text]
	if !ok || keyword.kind != wordToken {
		return p.errorAt(keyword, "%s, want model, input, state, param, node, output or tensor", keyword)
	}
	if err := read(p); err != nil {
		return err
	}
	if p.tok.kind != endToken {
		return p.errorAt(p.tok, "%s, want the end of the line", p.tok)
	}
	return nil
}

func (p *parser) model() error {
	if p.named {
		return p.errorAt(p.tok, "a second model line")
	}
	p.named = true
	name, err := p.name("the name of the model")
	p.m.Name = name
	return err
}

func (p *parser) input() error {
	name, err := p.name("the name of an input")
	if err != nil {
		return err
	}
	in := Input{Name: name}
	if p.tok.kind == wordToken {
		if p.tok.text != "index" {
			return p.errorAt(p.tok, "%s, want a shape such as [64] or index[98]", p.tok)
		}
		in.Type.DType = Index
		if err := p.next(); err != nil {
			return err
		}
	}
	open := p.tok
	sizes, err := p.sizes()
	if err != nil {
		return err
	}
	if in.Type.DType == Index {
		if len(sizes) != 1 {
			return p.errorAt(open, "%d bounds of an index, want 1", len(sizes))
		}
		in.Type.Bound = sizes[0]
	} else {
		in.Type.Shape = sizes
	}
	p.m.Inputs = append(p.m.Inputs, in)
	return nil
}

func (p *parser) state() error {
	name, err := p.name("the name of a state")
	if err != nil {
		return err
	}
	open := p.tok
	sizes, err := p.sizes()
	if err != nil {
		return err
	}
	if len(sizes) != 1 {
		return p.errorAt(open, "%d sizes of a state, want 1", len(sizes))
	}
	s := State{Name: name, Size: sizes[0]}
	if p.tok.kind == wordToken && p.tok.text == "init" {
		if err := p.skip("init", "="); err != nil {
			return err
		}
		if s.Init, err = p.name("the name of a parameter"); err != nil {
			return err
		}
	}
	p.m.States = append(p.m.States, s)
	return nil
}

func (p *parser) param() error {
	name, err := p.name("the name of a parameter")
	if err != nil {
		return err
	}
	shape, err := p.sizes()
	p.m.Params = append(p.m.Params, &Param{Name: name, Shape: shape})
	return err
}

func (p *parser) output() error {
	name, err := p.name("the name of a value")
	p.m.Outputs = append(p.m.Outputs, name)
	return err
}

// tensor reads what [Tensor.text] writes.
func (p *parser) tensor() error {
	t := Tensor{Time: -1}
	side := p.tok
	if side.kind != wordToken || (side.text != "input" && side.text != "output") {
		return p.errorAt(side, "%s, want input or output", side)
	}
	t.Output = side.text == "output"
	err := p.next()
	if err != nil {
		return err
	}
	if t.Name, err = p.name("the name of a tensor"); err != nil {
		return err
	}
	if t.Shape, err = p.sizes(); err != nil {
		return err
	}
	if p.tok.kind == wordToken && p.tok.text == "time" {
		if err := p.skip("time", "="); err != nil {
			return err
		}
		if t.Time, err = strconv.Atoi(p.tok.text); err != nil || t.Time < 0 || t.Time >= len(t.Shape) {
			return p.errorAt(p.tok, "%s, want an axis of %s", p.tok, shapeText(t.Shape))
		}
		if err := p.next(); err != nil {
			return err
		}
	}
	if t.Parts, err = p.parts(); err != nil {
		return err
	}
	p.m.Tensors = append(p.m.Tensors, t)
	return nil
}

// parts reads the parts of a tensor in parentheses.
func (p *parser) parts() ([]Part, error) {
	if err := p.skip("("); err != nil {
		return nil, err
	}
	var parts []Part
	for !p.tok.is(")") {
		if len(parts) > 0 {
			if err := p.skip(","); err != nil {
				return nil, err
			}
		}
		i := slices.Index(partWords, p.tok.text)
		if p.tok.kind != wordToken || i < 0 {
			return nil, p.errorAt(p.tok, "%s, want %s", p.tok, strings.Join(partWords, ", "))
		}
		if err := p.skip(p.tok.text, "="); err != nil {
			return nil, err
		}
		name, err := p.name("the name of a value or state")
		if err != nil {
			return nil, err
		}
		parts = append(parts, Part{PartKind(i), name})
	}
	return parts, p.next()
}

func (p *parser) node() error {
	name, err := p.name("the name of a node")
	if err != nil {
		return err
	}
	if err := p.skip("="); err != nil {
		return err
	}
	kind := p.tok
	op, ok := opOf(kind.text)
	if kind.kind != wordToken || !ok {
		return p.errorAt(kind, "%s, want one of the ops %s", kind, kindList())
	}
	if err := p.next(); err != nil {
		return err
	}
	inputs, err := p.arguments()
	if err != nil {
		return err
	}
	op, err = p.attributes(kind, op)
	p.m.Nodes = append(p.m.Nodes, Node{Name: name, Op: op, Inputs: inputs})
	return err
}

// arguments reads the names in parentheses.
func (p *parser) arguments() ([]string, error) {
	if err := p.skip("("); err != nil {
		return nil, err
	}
	var inputs []string
	for !p.tok.is(")") {
		if len(inputs) > 0 {
			if err := p.skip(","); err != nil {
				return nil, err
			}
		}
		name, err := p.name("the name of a value")
		if err != nil {
			return nil, err
		}
		inputs = append(inputs, name)
	}
	return inputs, p.next()
}

// attributes reads keyword=value pairs up to the end of the line into an op.
func (p *parser) attributes(kind token, zero Op) (Op, error) {
	op := reflect.New(reflect.TypeOf(zero)).Elem()
	fields := fieldsOf(op)
	given := make([]bool, len(fields))
	for p.tok.kind != endToken {
		key := p.tok
		i := slices.IndexFunc(fields, func(f Field) bool { return f.Keyword == key.text })
		switch {
		case key.kind != wordToken || i < 0:
			return nil, p.errorAt(key, "%s, want %s", key, keywordList(zero))
		case given[i]:
			return nil, p.errorAt(key, "a second %s", key)
		}
		given[i] = true
		if err := p.skip(key.text, "="); err != nil {
			return nil, err
		}
		if err := p.value(fields[i]); err != nil {
			return nil, err
		}
	}
	for i, f := range fields {
		if !given[i] && !f.Optional {
			return nil, p.errorAt(kind, "%s without %s", kind.text, f.Keyword)
		}
	}
	return op.Interface().(Op), nil
}

// value reads the value of a field.
func (p *parser) value(f Field) error {
	tok := p.tok
	if tok.kind != wordToken && (f.value.Kind() != reflect.String || tok.kind != stringToken) {
		return p.errorAt(tok, "%s, want the value of %s", tok, f.Keyword)
	}
	switch e := f.value.Interface().(type) {
	case string, Spans, FuncSpec:
		f.value.SetString(tok.text)
	case int:
		n, err := strconv.ParseInt(tok.text, 10, 32)
		if err != nil {
			return p.errorAt(tok, "%s, want a whole number", tok)
		}
		f.value.SetInt(n)
	case bool:
		b, err := strconv.ParseBool(tok.text)
		if err != nil {
			return p.errorAt(tok, "%s, want true or false", tok)
		}
		f.value.SetBool(b)
	case float32:
		x, err := strconv.ParseFloat(tok.text, 32)
		if err != nil {
			return p.errorAt(tok, "%s, want a number", tok)
		}
		f.value.SetFloat(x)
	case enum:
		i := slices.Index(e.words(), tok.text)
		if i < 0 {
			return p.errorAt(tok, "%s, want %s", tok, strings.Join(e.words(), ", "))
		}
		f.value.SetUint(uint64(i))
	default:
		panic(fmt.Sprintf("ir: parse: field %s of type %T", f.Keyword, e))
	}
	return p.next()
}

// name reads a bare or quoted name.
func (p *parser) name(what string) (string, error) {
	tok := p.tok
	if tok.kind != wordToken && tok.kind != stringToken {
		return "", p.errorAt(tok, "%s, want %s", tok, what)
	}
	return tok.text, p.next()
}

// sizes reads whole numbers in brackets; none gives nil.
func (p *parser) sizes() ([]int, error) {
	if err := p.skip("["); err != nil {
		return nil, err
	}
	var sizes []int
	for !p.tok.is("]") {
		n, err := strconv.ParseInt(p.tok.text, 10, 32)
		if p.tok.kind != wordToken || err != nil {
			return nil, p.errorAt(p.tok, "%s, want a size", p.tok)
		}
		if len(sizes) == maxRank {
			return nil, p.errorAt(p.tok, "more than %d dimensions", maxRank)
		}
		sizes = append(sizes, int(n))
		if err := p.next(); err != nil {
			return nil, err
		}
	}
	return sizes, p.next()
}

// skip reads the tokens of the given texts.
func (p *parser) skip(texts ...string) error {
	for _, text := range texts {
		if p.tok.text != text || p.tok.kind == stringToken {
			return p.errorAt(p.tok, "%s, want %q", p.tok, text)
		}
		if err := p.next(); err != nil {
			return err
		}
	}
	return nil
}

func (p *parser) errorAt(t token, format string, args ...any) error {
	return &SyntaxError{p.line, t.col, fmt.Sprintf(format, args...)}
}

func kindList() string {
	words := make([]string, len(opKinds))
	for i, op := range opKinds {
		words[i] = op.Kind()
	}
	return strings.Join(words, ", ")
}

func keywordList(op Op) string {
	words := []string{}
	for _, f := range Fields(op) {
		words = append(words, f.Keyword)
	}
	if len(words) == 0 {
		return "the end of the line"
	}
	return strings.Join(words, ", ") + " or the end of the line"
}
