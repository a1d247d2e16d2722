package ir

// Model is a graph applied to every frame of a stream.
//
// Nodes stand in topological order: a node reads inputs and earlier nodes only.
// What one frame leaves for the next is in States alone.
type Model struct {
	Name    string
	Inputs  []Input
	States  []State
	Params  []*Param
	Nodes   []Node
	Outputs []string // names of values: inputs or nodes
	Tensors []Tensor // of the file that the model was imported from; nil for a model that was trained here
}

// Input is a value that the caller gives for every frame.
type Input struct {
	Name string
	Type Type
}

// State is a vector that lives from frame to frame. A recurrent op names the
// state that it reads and replaces.
type State struct {
	Name string
	Size int
	Init string // name of a parameter [Size] with the value at the start; empty for zeros
}

// Param is a tensor of the model, row-major. Data is nil in a graph that was
// parsed from text and not yet filled.
type Param struct {
	Name  string
	Shape []int
	Data  []float32
}

// Node is one op and the value it makes.
type Node struct {
	Name   string // of the node and of its value
	Op     Op
	Inputs []string // names of inputs or earlier nodes
}

// DType is the element type of a value.
type DType uint8

const (
	Float32 DType = iota
	Index         // a whole number in [0, Type.Bound), as an Embedding reads
)

// Type is the element type and the shape of one frame of a value.
type Type struct {
	DType DType
	Shape []int // nil for the scalar that an Index is
	Bound int   // of an Index: one more than the largest
}

// Vector is the type of a frame of n float32.
func Vector(n int) Type { return Type{DType: Float32, Shape: []int{n}} }

// IndexOf is the type of an index below bound.
func IndexOf(bound int) Type { return Type{DType: Index, Bound: bound} }

// Len is the number of elements of one frame.
func (t Type) Len() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// Len is the number of elements that the shape asks for.
func (p *Param) Len() int {
	n := 1
	for _, d := range p.Shape {
		n *= d
	}
	return n
}

// Param returns the parameter of that name, or nil.
func (m *Model) Param(name string) *Param {
	for _, p := range m.Params {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// State returns the state of that name, or nil.
func (m *Model) State(name string) *State {
	for i := range m.States {
		if m.States[i].Name == name {
			return &m.States[i]
		}
	}
	return nil
}

// Node returns the node of that name, or nil.
func (m *Model) Node(name string) *Node {
	for i := range m.Nodes {
		if m.Nodes[i].Name == name {
			return &m.Nodes[i]
		}
	}
	return nil
}

// Streaming reports whether the model can be stepped: no node reads a later frame
// than the one at hand.
func (m *Model) Streaming() bool {
	for _, n := range m.Nodes {
		if ReadsAhead(n.Op) {
			return false
		}
	}
	return true
}

// ReadsAhead reports whether an op needs frames behind the one it computes.
func ReadsAhead(op Op) bool {
	switch op.(type) {
	case Ahead, Hold:
		return true
	}
	return Reversed(op)
}

// Reversed reports whether an op goes through a sequence from its end.
func Reversed(op Op) bool {
	d, ok := op.(interface{ direction() Direction })
	return ok && d.direction() == Reverse
}
