package rt

// avx2Usable reports whether the processor has AVX2 and FMA and the operating
// system saves the upper halves of the registers, as Intel's manual (volume 1,
// 14.3 and 14.7.1) tells to find out. xgetbv is called only where it exists.
func avx2Usable(cpuid func(leaf, subleaf uint32) (eax, ebx, ecx, edx uint32), xgetbv func() (eax, edx uint32)) bool {
	const (
		fma     = 1 << 12 // leaf 1 ECX
		osxsave = 1 << 27
		avx     = 1 << 28
		xmmYMM  = 1<<1 | 1<<2 // XCR0
		avx2    = 1 << 5      // leaf 7 EBX
	)
	if last, _, _, _ := cpuid(0, 0); last < 7 {
		return false
	}
	if _, _, ecx, _ := cpuid(1, 0); ecx&(fma|osxsave|avx) != fma|osxsave|avx {
		return false
	}
	if xcr0, _ := xgetbv(); xcr0&xmmYMM != xmmYMM {
		return false
	}
	_, ebx, _, _ := cpuid(7, 0)
	return ebx&avx2 != 0
}
