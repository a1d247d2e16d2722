package asm

import (
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/reg"
)

// EmitCPUID appends cpuid and xgetbv, the two instructions that Go cannot
// express; what their bits mean is decided in Go.
func EmitCPUID(ctx *build.Context) {
	StartLeaf(ctx, "cpuid", "func(leaf, subleaf uint32) (eax, ebx, ecx, edx uint32)",
		"cpuid executes CPUID with EAX = leaf and ECX = subleaf.")
	ctx.Load(ctx.Param("leaf"), reg.EAX)
	ctx.Load(ctx.Param("subleaf"), reg.ECX)
	ctx.CPUID()
	ctx.Store(reg.EAX, ctx.Return("eax"))
	ctx.Store(reg.EBX, ctx.Return("ebx"))
	ctx.Store(reg.ECX, ctx.Return("ecx"))
	ctx.Store(reg.EDX, ctx.Return("edx"))
	ctx.RET()

	StartLeaf(ctx, "xgetbv", "func() (eax, edx uint32)",
		"xgetbv reads the extended control register XCR0. It faults unless CPUID",
		"reports OSXSAVE.")
	ctx.XORL(reg.ECX, reg.ECX)
	ctx.XGETBV()
	ctx.Store(reg.EAX, ctx.Return("eax"))
	ctx.Store(reg.EDX, ctx.Return("edx"))
	ctx.RET()
}
