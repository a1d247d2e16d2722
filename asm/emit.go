package asm

import (
	"fmt"

	"github.com/sparsec/sparsec/ir/kernel"
)

// Constraint is the build constraint of a package's assembly.
const Constraint = "amd64 && !purego"

// Assembly is one assembly file of a package and the Go file that declares its
// functions.
type Assembly struct {
	Level           kernel.Level
	Assembly, Stubs []byte
}

// Emit is the assembly of a whole program as files of Go package pkg: the one
// for AVX2 with processor detection and one kernel for each way in which the
// program computes, and one for each higher level of the program with what that
// level has kernels of its own for. The latter is missing where there is none.
func Emit(p *kernel.Program, pkg string) ([]Assembly, error) {
	base, err := emitBase(p, pkg)
	if err != nil {
		return nil, err
	}
	files := []Assembly{*base}
	if p.Level >= kernel.AVX512 {
		f := NewFile(pkg, Constraint)
		f.Level = kernel.AVX512
		if EmitMatVecs(f, p, kernel.AVX512)+emitRows(f, p, kernel.AVX512) == 0 {
			return files, nil
		}
		wide, err := f.render()
		if err != nil {
			return nil, err
		}
		files = append(files, *wide)
	}
	return files, nil
}

// emitBase is the file of AVX2. It holds what the higher levels run too: the
// element-wise kernels, and those products that have no kernel there.
func emitBase(p *kernel.Program, pkg string) (*Assembly, error) {
	f := NewFile(pkg, Constraint)
	EmitCPUID(f.ctx)
	EmitMatVecs(f, p, kernel.AVX2)
	var ahead []kernel.MatVec
	for _, l := range Sequence(p) {
		ahead = append(ahead, l.Ahead...)
	}
	EmitSeveral(f, p, ahead)
	emitRows(f, p, kernel.AVX2)
	var elements MathSet
	var cells CellSet
	for _, l := range p.Layers {
		for _, in := range l.Instrs {
			calls, err := ElementCalls(in)
			if err != nil {
				return nil, fmt.Errorf("layer %q: %w", l.Name, err)
			}
			for _, c := range calls {
				elements |= mathByName[c.Func]
				cells |= cellByName[c.Func]
			}
		}
	}
	EmitMath(f, elements)
	EmitCells(f, cells)
	return f.render()
}

func (f *File) render() (*Assembly, error) {
	assembly, stubs, err := f.Render()
	return &Assembly{f.Level, assembly, stubs}, err
}
