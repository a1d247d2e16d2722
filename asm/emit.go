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
		cells, err := wideCells(p)
		if err != nil {
			return nil, err
		}
		EmitCells(f, cells)
		if EmitMatVecs(f, p, kernel.AVX512)+emitRows(f, p, kernel.AVX512) == 0 && cells == 0 {
			return files, nil
		}
		emitAhead(f, p, kernel.AVX512)
		wide, err := f.render()
		if err != nil {
			return nil, err
		}
		files = append(files, *wide)
	}
	return files, nil
}

// emitBase is the file of AVX2. It holds what the higher levels run too: the
// element-wise kernels (but for the cells of layers that have AVX-512 kernels for
// their products), and those products that have no kernel there.
func emitBase(p *kernel.Program, pkg string) (*Assembly, error) {
	f := NewFile(pkg, Constraint)
	EmitCPUID(f.ctx)
	EmitMatVecs(f, p, kernel.AVX2)
	emitAhead(f, p, kernel.AVX2)
	emitRows(f, p, kernel.AVX2)
	layers := make([]int, len(p.Layers))
	for i := range layers {
		layers[i] = i
	}
	elements, cells, err := elementKernels(p, layers)
	if err != nil {
		return nil, err
	}
	EmitMath(f, elements)
	EmitCells(f, cells)
	return f.render()
}

// wideCells are the cells of the layers that are those of AVX-512.
func wideCells(p *kernel.Program) (CellSet, error) {
	layout := p.Layout()
	var layers []int
	for i := range p.Layers {
		if LayerLevel(p, layout, i, kernel.AVX512) == kernel.AVX512 {
			layers = append(layers, i)
		}
	}
	_, cells, err := elementKernels(p, layers)
	return cells, err
}

// elementKernels are the element-wise kernels that layers of the program call.
func elementKernels(p *kernel.Program, layers []int) (elements MathSet, cells CellSet, err error) {
	for _, i := range layers {
		l := p.Layers[i]
		for _, in := range l.Instrs {
			calls, err := ElementCalls(in)
			if err != nil {
				return 0, 0, fmt.Errorf("layer %q: %w", l.Name, err)
			}
			for _, c := range calls {
				elements |= mathByName[c.Func]
				cells |= cellByName[c.Func]
			}
		}
	}
	return elements, cells, nil
}

func (f *File) render() (*Assembly, error) {
	assembly, stubs, err := f.Render()
	return &Assembly{f.Level, assembly, stubs}, err
}
