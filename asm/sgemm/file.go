package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sparsec/sparsec/asm"
)

// output is one generated file.
type output struct {
	name string
	data []byte
}

// generate returns every file of the assembly, in a fixed order.
func generate() ([]output, error) {
	units := []struct {
		name string
		emit func(*build.Context)
	}{
		{"cpuid", asm.EmitCPUID},
		{"pack", emitPack},
		{"sparse", emitSparse},
		{"sparsegradient", emitSparseGradient},
		{"sgemm_avx2", func(ctx *build.Context) { emitMicroKernel(ctx, avx2) }},
		{"sgemm_avx512", func(ctx *build.Context) { emitMicroKernel(ctx, avx512) }},
	}
	var files []output
	for _, u := range units {
		ctx := build.NewContext()
		ctx.ConstraintExpr("amd64,!purego")
		u.emit(ctx)
		source, stubs, err := print(ctx)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", u.name, err)
		}
		files = append(files,
			output{u.name + "_amd64.s", source},
			output{u.name + "_amd64.go", stubs})
	}
	return files, nil
}

// finish is the part of avo's pipeline that code in physical registers needs:
// there is nothing to allocate, and liveness over thousands of instructions is
// what makes the full list slow.
var finish = pass.Concat(
	pass.Verify,
	pass.FunctionPass(pass.LabelTarget),
	pass.FunctionPass(pass.CFG),
	pass.Func(pass.IncludeTextFlagHeader),
	pass.FunctionPass(pass.RequiredISAExtensions),
)

func print(ctx *build.Context) (source, stubs []byte, err error) {
	f, err := ctx.Result()
	if err != nil {
		return nil, nil, err
	}
	if err := finish.Execute(f); err != nil {
		return nil, nil, err
	}
	cfg := printer.Config{Name: "asm/sgemm", Pkg: "gemm"}
	if source, err = printer.NewGoAsm(cfg).Print(f); err != nil {
		return nil, nil, err
	}
	stubs, err = printer.NewStubs(cfg).Print(f)
	return source, stubs, err
}

// scaleToBytes turns strides counted in float32 into bytes.
func scaleToBytes(ctx *build.Context, strides ...reg.GPPhysical) {
	for _, s := range strides {
		ctx.SHLQ(operand.Imm(2), s)
	}
}
