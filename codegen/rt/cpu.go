package rt

// kernelLevel is an instruction set that kernels are written for.
type kernelLevel uint8

const (
	levelGeneric kernelLevel = iota // portable Go
	levelAVX2
	levelAVX512
)

// String is what Kernel returns.
func (l kernelLevel) String() string { return [...]string{"generic", "avx2", "avx512"}[l] }

// cpuidFunc and xgetbvFunc execute the instructions of that name.
type (
	cpuidFunc  func(leaf, subleaf uint32) (eax, ebx, ecx, edx uint32)
	xgetbvFunc func() (eax, edx uint32)
)

// bestLevel is the last of the given levels, in rising order, that the processor
// and the operating system have.
func bestLevel(cpuid cpuidFunc, xgetbv xgetbvFunc, levels ...kernelLevel) kernelLevel {
	best := levelGeneric
	for _, l := range levels {
		if usable(cpuid, xgetbv, l) {
			best = l
		}
	}
	return best
}

// usable reports whether the processor has what the kernels of a level use (AVX2
// and FMA; AVX-512 F, CD, DQ, BW and VL) and the operating system saves the
// registers, as Intel's manual (volume 1, 14.3, 14.7.1 and 15.2) tells to find
// out. xgetbv is called only where it exists.
func usable(cpuid cpuidFunc, xgetbv xgetbvFunc, level kernelLevel) bool {
	const (
		fma     = 1 << 12 // leaf 1 ECX
		osxsave = 1 << 27
		avx     = 1 << 28
		avx2    = 1 << 5 // leaf 7 EBX
		avx512  = 1<<16 | 1<<17 | 1<<28 | 1<<30 | 1<<31
		ymm     = 1<<1 | 1<<2 // XCR0
		zmm     = ymm | 1<<5 | 1<<6 | 1<<7
	)
	features, registers := uint32(avx2), uint32(ymm)
	if level == levelAVX512 {
		features, registers = avx2|avx512, zmm
	}
	if last, _, _, _ := cpuid(0, 0); last < 7 {
		return false
	}
	if _, _, ecx, _ := cpuid(1, 0); ecx&(fma|osxsave|avx) != fma|osxsave|avx {
		return false
	}
	if xcr0, _ := xgetbv(); xcr0&registers != registers {
		return false
	}
	_, ebx, _, _ := cpuid(7, 0)
	return ebx&features == features
}
