package codegen

import (
	"github.com/dave/jennifer/jen"

	"github.com/sparsec/sparsec/ir/kernel"
)

// port is an input or output as the package's API names it.
type port struct {
	kernel.Port
	param string // of Step and Run
	size  string // constant: elements of a frame, or the bound of an index
	field string // of State, that keeps an index for the layers
}

func (p *port) index() bool { return p.Bound > 0 }

// number is the value of the size constant.
func (p *port) number() int {
	if p.index() {
		return p.Bound
	}
	return p.Size
}

// stepType is the port's type in Step.
func (p *port) stepType() *jen.Statement {
	if p.index() {
		return jen.Int()
	}
	return jen.Op("*").Index(jen.Id(p.size)).Float32()
}

// runType is the port's type in Run.
func (p *port) runType() *jen.Statement {
	if p.index() {
		return jen.Index().Int32()
	}
	return jen.Index().Float32()
}

// frameLen is how many elements of Run's slice one frame has.
func (p *port) frameLen() *jen.Statement {
	if p.index() {
		return jen.Lit(1)
	}
	return jen.Id(p.size)
}

// namePorts gives a single input and output the names x, InputSize (InputBound
// for an index), y and OutputSize, several ones those with the port's name.
func (e *emitter) namePorts() {
	params := newScope("s", "w", "i", "frames")
	sizes := newScope()
	name := func(ports []kernel.Port, param, size string) (named []port) {
		for _, p := range ports {
			kind := "Size"
			if p.Bound > 0 {
				kind = "Bound"
			}
			if len(ports) == 1 {
				named = append(named, port{Port: p, param: params.unique(param), size: sizes.unique(size + kind)})
				continue
			}
			word := exported(p.Name)
			named = append(named, port{Port: p, param: params.unique(param + word), size: sizes.unique(size + word + kind)})
		}
		return named
	}
	e.outputs = name(e.p.Outputs, "y", "Output")
	e.inputs = name(e.p.Inputs, "x", "Input")
}

// ports are the outputs and then the inputs, as Step and Run take them.
func (e *emitter) ports() []port {
	return append(append([]port(nil), e.outputs...), e.inputs...)
}
