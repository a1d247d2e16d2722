package onnx

import (
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// This file decodes the messages of onnx.proto, the fields that matter here. The
// numbers of tensors stay where they are in the file (weights.go).

// Limits of a file. Messages cost a few bytes in a file and many in memory, so that
// their number is what bounds the memory that a small file can ask for.
const (
	maxNodes   = 1 << 17 // of all graphs
	maxValues  = 1 << 18 // vectors of the model
	maxNames   = 1 << 20 // inputs and outputs of all nodes
	maxTensors = 1 << 16
	maxNumbers = 1 << 20 // in all attributes and shapes
	maxDepth   = 32      // of graphs in attributes of nodes
	maxRank    = 16
)

// modelProto is a file.
type modelProto struct {
	producer, version string
	graph             *graphProto
	opset             int64 // of the standard domain
	functions         map[[2]string]*functionProto
}

// graphProto is a graph, of the file or in an attribute.
type graphProto struct {
	name            string
	nodes           []*nodeProto
	tensors         []*tensorProto // initialisers
	sparse          []string       // names of sparse initialisers
	inputs, outputs []valueProto
}

// functionProto is a function that the file defines.
type functionProto struct {
	name, domain    string
	inputs, outputs []string
	nodes           []*nodeProto
	attributes      []*attributeProto // with their defaults
	opset           int64
}

// nodeProto is an operator with its operands.
type nodeProto struct {
	name, op, domain string
	inputs, outputs  []string
	attributes       []*attributeProto
}

// attributeProto is an attribute of a node; kind says which field counts.
type attributeProto struct {
	name    string
	kind    attributeKind
	float   float32
	integer int64
	text    string
	tensor  *tensorProto
	graph   *graphProto
	floats  []float32
	ints    []int64
	texts   []string
	refer   string // the attribute of the function around it that it stands for
}

// attributeKind is the enumeration AttributeProto.AttributeType.
type attributeKind int64

const (
	floatAttribute  attributeKind = 1
	intAttribute    attributeKind = 2
	textAttribute   attributeKind = 3
	tensorAttribute attributeKind = 4
	graphAttribute  attributeKind = 5
	floatsAttribute attributeKind = 6
	intsAttribute   attributeKind = 7
	textsAttribute  attributeKind = 8
)

// tensorProto is a tensor whose numbers are still encoded.
type tensorProto struct {
	name     string
	dtype    dtype
	dims     []int64
	message  []byte // the whole, for the numbers
	raw      []byte
	hasRaw   bool
	external map[string]string // nil when the numbers are in this file
}

// valueProto is an input or output of a graph.
type valueProto struct {
	name  string
	dtype dtype
	kind  string // what it is when it is no tensor
	dims  []dimension
	known bool // there is a shape
}

// dimension is a number, or a name, or neither.
type dimension struct {
	size  int64
	name  string
	given bool // size is
}

// decoder counts what it has made.
type decoder struct {
	nodes, names, tensors, numbers, depth int
}

// count adds to a counter and reports when it is beyond the limit.
func count(n *int, limit int, what string) error {
	if *n++; *n > limit {
		return fmt.Errorf("more than %d %s", limit, what)
	}
	return nil
}

func (d *decoder) model(b []byte) (*modelProto, error) {
	m := &modelProto{functions: map[[2]string]*functionProto{}}
	err := fields(b, func(x field) error {
		switch x.tag {
		case 2, 3, 7, 8, 25:
		default:
			return nil
		}
		body, err := x.message()
		if err != nil {
			return err
		}
		switch x.tag {
		case 2:
			m.producer = string(body)
		case 3:
			m.version = string(body)
		case 7:
			m.graph, err = d.graph(body)
		case 8:
			m.opset, err = opsetOf(body, m.opset)
		case 25:
			var f *functionProto
			if f, err = d.function(body); err == nil {
				m.functions[[2]string{f.domain, f.name}] = f
			}
		}
		return err
	})
	return m, err
}

// opsetOf is the version of an OperatorSetIdProto of the standard domain, or else
// that given.
func opsetOf(b []byte, otherwise int64) (int64, error) {
	var domain string
	var version int64
	err := fields(b, func(x field) (err error) {
		switch x.tag {
		case 1:
			var s []byte
			s, err = x.message()
			domain = string(s)
		case 2:
			version, err = x.integer()
		}
		return err
	})
	if !standard(domain) {
		return otherwise, err
	}
	return version, err
}

// standard reports whether a domain is that of ONNX.
func standard(domain string) bool { return domain == "" || domain == "ai.onnx" }

func (d *decoder) graph(b []byte) (*graphProto, error) {
	if d.depth++; d.depth > maxDepth {
		return nil, fmt.Errorf("graphs nested more than %d deep", maxDepth)
	}
	defer func() { d.depth-- }()
	g := &graphProto{}
	err := fields(b, func(x field) error {
		switch x.tag {
		case 1, 2, 5, 11, 12, 15:
		default:
			return nil
		}
		body, err := x.message()
		if err != nil {
			return err
		}
		switch x.tag {
		case 1:
			var n *nodeProto
			n, err = d.node(body)
			g.nodes = append(g.nodes, n)
		case 2:
			g.name = string(body)
		case 5:
			var t *tensorProto
			t, err = d.tensor(body)
			g.tensors = append(g.tensors, t)
		case 11, 12:
			var v valueProto
			v, err = d.value(body)
			if x.tag == 11 {
				g.inputs = append(g.inputs, v)
			} else {
				g.outputs = append(g.outputs, v)
			}
		case 15:
			g.sparse = append(g.sparse, fmt.Sprintf("number %d", len(g.sparse)))
			err = count(&d.tensors, maxTensors, "tensors")
		}
		return err
	})
	return g, err
}

func (d *decoder) function(b []byte) (*functionProto, error) {
	f := &functionProto{}
	err := fields(b, func(x field) error {
		switch x.tag {
		case 1, 4, 5, 7, 9, 10, 11:
		default:
			return nil
		}
		body, err := x.message()
		if err != nil {
			return err
		}
		switch x.tag {
		case 1:
			f.name = string(body)
		case 4:
			f.inputs, err = d.appendName(f.inputs, body)
		case 5:
			f.outputs, err = d.appendName(f.outputs, body)
		case 7:
			var n *nodeProto
			n, err = d.node(body)
			f.nodes = append(f.nodes, n)
		case 9:
			f.opset, err = opsetOf(body, f.opset)
		case 10:
			f.domain = string(body)
		case 11:
			var a *attributeProto
			a, err = d.attribute(body)
			f.attributes = append(f.attributes, a)
		}
		return err
	})
	return f, err
}

func (d *decoder) appendName(names []string, b []byte) ([]string, error) {
	return append(names, string(b)), count(&d.names, maxNames, "operands")
}

func (d *decoder) node(b []byte) (*nodeProto, error) {
	n := &nodeProto{}
	if err := count(&d.nodes, maxNodes, "nodes"); err != nil {
		return nil, err
	}
	err := fields(b, func(x field) error {
		switch x.tag {
		case 1, 2, 3, 4, 5, 7:
		default:
			return nil
		}
		body, err := x.message()
		if err != nil {
			return err
		}
		switch x.tag {
		case 1:
			n.inputs, err = d.appendName(n.inputs, body)
		case 2:
			n.outputs, err = d.appendName(n.outputs, body)
		case 3:
			n.name = string(body)
		case 4:
			n.op = string(body)
		case 5:
			var a *attributeProto
			a, err = d.attribute(body)
			n.attributes = append(n.attributes, a)
		case 7:
			n.domain = string(body)
		}
		return err
	})
	return n, err
}

func (d *decoder) attribute(b []byte) (*attributeProto, error) {
	a := &attributeProto{}
	if err := count(&d.numbers, maxNumbers, "attributes and their numbers"); err != nil {
		return nil, err
	}
	more := func() error { return count(&d.numbers, maxNumbers, "attributes and their numbers") }
	err := fields(b, func(x field) (err error) {
		switch x.tag {
		case 2:
			a.float, err = x.float()
			return err
		case 3:
			a.integer, err = x.integer()
			return err
		case 7:
			return x.each(protowire.Fixed32Type, func(v uint64) error {
				a.floats = append(a.floats, math.Float32frombits(uint32(v)))
				return more()
			})
		case 8:
			return x.each(protowire.VarintType, func(v uint64) error {
				a.ints = append(a.ints, int64(v))
				return more()
			})
		case 20:
			var kind int64
			kind, err = x.integer()
			a.kind = attributeKind(kind)
			return err
		case 1, 4, 5, 6, 9, 21:
		default:
			return nil
		}
		body, err := x.message()
		if err != nil {
			return err
		}
		switch x.tag {
		case 1:
			a.name = string(body)
		case 4:
			a.text = string(body)
		case 5:
			a.tensor, err = d.tensor(body)
		case 6:
			a.graph, err = d.graph(body)
		case 9:
			a.texts = append(a.texts, string(body))
			err = more()
		case 21:
			a.refer = string(body)
		}
		return err
	})
	return a, err
}

func (d *decoder) tensor(b []byte) (*tensorProto, error) {
	t := &tensorProto{message: b}
	if err := count(&d.tensors, maxTensors, "tensors"); err != nil {
		return nil, err
	}
	err := fields(b, func(x field) (err error) {
		switch x.tag {
		case 1:
			return x.each(protowire.VarintType, func(v uint64) error {
				t.dims = append(t.dims, int64(v))
				if len(t.dims) > maxRank {
					return fmt.Errorf("a tensor of more than %d dimensions", maxRank)
				}
				return nil
			})
		case 2:
			var v int64
			v, err = x.integer()
			t.dtype = dtype(v)
		case 8:
			var name []byte
			name, err = x.message()
			t.name = string(name)
		case 9:
			t.raw, err = x.message()
			t.hasRaw = true
		case 13:
			err = t.externalEntry(x)
		case 14:
			var location int64
			location, err = x.integer()
			if location == 1 && t.external == nil {
				t.external = map[string]string{}
			}
		}
		return err
	})
	return t, err
}

// externalEntry reads a key and a value about numbers in another file.
func (t *tensorProto) externalEntry(x field) error {
	body, err := x.message()
	if err != nil {
		return err
	}
	var pair [2]string
	err = fields(body, func(x field) error {
		if x.tag != 1 && x.tag != 2 {
			return nil
		}
		s, err := x.message()
		pair[x.tag-1] = string(s)
		return err
	})
	if t.external == nil {
		t.external = map[string]string{}
	}
	if len(t.external) < maxRank {
		t.external[pair[0]] = pair[1]
	}
	return err
}

func (d *decoder) value(b []byte) (valueProto, error) {
	var v valueProto
	if err := count(&d.names, maxNames, "operands"); err != nil {
		return v, err
	}
	err := fields(b, func(x field) error {
		if x.tag != 1 && x.tag != 2 {
			return nil
		}
		body, err := x.message()
		if err != nil {
			return err
		}
		if x.tag == 1 {
			v.name = string(body)
			return nil
		}
		return d.valueType(&v, body)
	})
	return v, err
}

// valueKinds are the types of TypeProto that are no dense tensors, by tag.
var valueKinds = map[protowire.Number]string{4: "a sequence", 5: "a map", 7: "opaque", 8: "a sparse tensor", 9: "optional"}

func (d *decoder) valueType(v *valueProto, b []byte) error {
	return fields(b, func(x field) error {
		if kind, ok := valueKinds[x.tag]; ok {
			v.kind = kind
		}
		if x.tag != 1 {
			return nil
		}
		body, err := x.message()
		if err != nil {
			return err
		}
		return fields(body, func(x field) (err error) {
			switch x.tag {
			case 1:
				var e int64
				e, err = x.integer()
				v.dtype = dtype(e)
			case 2:
				var shape []byte
				if shape, err = x.message(); err == nil {
					err = d.shape(v, shape)
				}
			}
			return err
		})
	})
}

func (d *decoder) shape(v *valueProto, b []byte) error {
	v.known = true
	return fields(b, func(x field) error {
		if x.tag != 1 {
			return nil
		}
		body, err := x.message()
		if err != nil {
			return err
		}
		var dim dimension
		err = fields(body, func(x field) (err error) {
			switch x.tag {
			case 1:
				dim.size, err = x.integer()
				dim.given = err == nil
			case 2:
				var s []byte
				s, err = x.message()
				dim.name = string(s)
			}
			return err
		})
		v.dims = append(v.dims, dim)
		if len(v.dims) > maxRank {
			return fmt.Errorf("value %q has more than %d dimensions", v.name, maxRank)
		}
		return err
	})
}
