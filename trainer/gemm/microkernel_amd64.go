//go:build amd64 && !purego

package gemm

// isa is an instruction set that the micro-kernel exists for.
type isa int

const (
	none isa = iota
	avx2
	avx512
)

func (s isa) String() string { return [...]string{"none", "avx2", "avx512"}[s] }

// detect returns the best instruction set that both the processor and the
// operating system support.
func detect() isa {
	const (
		fma, osxsave, avx  = 1 << 12, 1 << 27, 1 << 28 // leaf 1, ECX
		avx2Bit, avx512Bit = 1 << 5, 1 << 16           // leaf 7, EBX
		ymmState, zmmState = 0x06, 0xE6                // XCR0
	)
	most, _, _, _ := cpuid(0, 0)
	if most < 7 {
		return none
	}
	_, _, features, _ := cpuid(1, 0)
	if features&(fma|osxsave|avx) != fma|osxsave|avx {
		return none
	}
	state, _ := xgetbv()
	_, extended, _, _ := cpuid(7, 0)
	switch {
	case state&zmmState == zmmState && extended&avx512Bit != 0 && extended&avx2Bit != 0:
		return avx512
	case state&ymmState == ymmState && extended&avx2Bit != 0:
		return avx2
	}
	return none
}

// microKernel is the shape of the assembly's tile of C. The assembly offers
// every number of rows from 1 to mr, and 1 or 2 vectors of lanes columns.
type microKernel struct {
	isa   isa
	mr    int // most rows of a tile
	nr    int // most columns: two vectors
	lanes int // columns a vector
}

// The largest tile of any instruction set, for buffers.
const (
	maxMR = 12
	maxNR = 32
)

func kernelOf(s isa) microKernel {
	if s == avx512 {
		return microKernel{isa: s, mr: 12, nr: 32, lanes: 16}
	}
	return microKernel{isa: s, mr: 6, nr: 16, lanes: 8}
}

// tile computes C = alpha·A·B + beta·C for a tile of rows × (vectors·lanes).
//
// It must not be inlined, nor be a leaf without a stack check: assembly cannot
// be preempted, and this call is where a goroutine that does little else can be
// stopped, after some microseconds at most.
//
//go:noinline
func (u microKernel) tile(rows, vectors, k int, a view, b *float32, rsb int, c []float32, rsc int, alpha, beta float32) {
	if u.isa == avx512 {
		sgemmAVX512(rows, vectors, k, &a.data[0], a.rs, a.cs, b, rsb, &c[0], rsc, alpha, beta)
	} else {
		sgemmAVX2(rows, vectors, k, &a.data[0], a.rs, a.cs, b, rsb, &c[0], rsc, alpha, beta)
	}
}
