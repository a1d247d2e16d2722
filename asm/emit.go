package asm

import (
	"fmt"

	"github.com/sparsec/sparsec/ir/kernel"
)

// Constraint is the build constraint of a package's assembly.
const Constraint = "amd64 && !purego"

// Emit is the AVX2 assembly of a whole program as a file of Go package pkg,
// and the Go file that declares its functions: processor detection, one kernel
// for each way in which the program computes, nothing else.
func Emit(p *kernel.Program, pkg string) (assembly, stubs []byte, err error) {
	f := NewFile(pkg, Constraint)
	EmitCPUID(f.ctx)
	EmitMatVecs(f, p)
	var elements MathSet
	var cells CellSet
	for _, l := range p.Layers {
		for _, in := range l.Instrs {
			calls, err := ElementCalls(in)
			if err != nil {
				return nil, nil, fmt.Errorf("layer %q: %w", l.Name, err)
			}
			for _, c := range calls {
				elements |= mathByName[c.Func]
				cells |= cellByName[c.Func]
			}
		}
	}
	EmitMath(f, elements)
	EmitCells(f, cells)
	return f.Render()
}
