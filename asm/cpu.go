package asm

import "github.com/mmcloughlin/avo/reg"

// EmitCPUID appends cpuid and xgetbv, the two instructions that Go cannot
// express; what their bits mean is decided in Go.
func EmitCPUID(f *File) {
	fn := f.Func("cpuid", "func(leaf, subleaf uint32) (eax, ebx, ecx, edx uint32)",
		"cpuid executes CPUID with EAX = leaf and ECX = subleaf.")
	fn.Load(fn.Param("leaf"), reg.EAX)
	fn.Load(fn.Param("subleaf"), reg.ECX)
	fn.CPUID()
	fn.Store(reg.EAX, fn.Context.Return("eax"))
	fn.Store(reg.EBX, fn.Context.Return("ebx"))
	fn.Store(reg.ECX, fn.Context.Return("ecx"))
	fn.Store(reg.EDX, fn.Context.Return("edx"))
	fn.RET()

	fn = f.Func("xgetbv", "func() (eax, edx uint32)",
		"xgetbv reads the extended control register XCR0. It faults unless CPUID\nreports OSXSAVE.")
	fn.XORL(reg.ECX, reg.ECX)
	fn.XGETBV()
	fn.Store(reg.EAX, fn.Context.Return("eax"))
	fn.Store(reg.EDX, fn.Context.Return("edx"))
	fn.RET()
}
