package codegen

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"

	"github.com/dave/jennifer/jen"

	"github.com/sparsec/sparsec/asm"
	"github.com/sparsec/sparsec/ir/kernel"
)

// A goroutine in assembly cannot be stopped, and hardly ever between two calls
// of it: the signal that asks for it nearly always arrives inside one, and the
// next look at the stack guard is that of the next layer. So the calls of a
// matrix that is cut in ranges, each of which may take 100 µs, go through a
// function with a stack check of its own. (A GRU of 2560 dense units held up
// every collection for the 6 ms of its step without that.)

// cut reports whether a matrix is computed in several ranges at a level.
func (e *emitter) cut(matrix int, l kernel.Level) bool {
	return len(e.p.Matrices[matrix].At(l).Ranges) > 1
}

// stoppable names the function that calls a kernel.
func stoppable(kernel string) string { return kernel + "Range" }

// stoppableKernels emits these functions, with the parameters of the stubs.
func (e *emitter) stoppableKernels(f *jen.File) {
	needed := map[string]bool{}
	for matrix := range e.p.Matrices {
		for _, l := range e.levels {
			if !e.cut(matrix, l) {
				continue
			}
			for _, c := range asm.MatVecCalls(e.p, e.layout, matrix, l) {
				needed[c.Func] = true
			}
		}
	}
	e.sequenceKernels(needed)
	e.vectorKernels(needed)
	stoppableFuncs(f, stubFuncs(e.assembly...), needed)
}

// stoppableFuncs emits the function of each stub that is needed.
func stoppableFuncs(f *jen.File, stubs []*ast.FuncDecl, needed map[string]bool) {
	for _, stub := range stubs {
		name := stub.Name.Name
		if !needed[name] {
			continue
		}
		var params, args []jen.Code
		for _, field := range stub.Type.Params.List {
			for _, id := range field.Names {
				params = append(params, jen.Id(id.Name).Id(types.ExprString(field.Type)))
				args = append(args, jen.Id(id.Name))
			}
		}
		doc(f, fmt.Sprintf("%s is %s behind a stack check,\nwhere the runtime can stop the goroutine between the ranges of a matrix.\n//\n//go:noinline",
			stoppable(name), name))
		f.Func().Id(stoppable(name)).Params(params...).Block(jen.Id(name).Call(args...))
	}
}

// stubFuncs are the declarations of the assembly.
func stubFuncs(assembly ...asm.Assembly) []*ast.FuncDecl {
	var funcs []*ast.FuncDecl
	for _, a := range assembly {
		file, err := parser.ParseFile(token.NewFileSet(), "", a.Stubs, parser.SkipObjectResolution)
		if err != nil {
			panic(fmt.Sprintf("codegen: the stubs of package asm: %v", err))
		}
		for _, d := range file.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				funcs = append(funcs, fn)
			}
		}
	}
	return funcs
}
