package asm

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// MathSet is a set of element-wise kernels.
type MathSet uint32

// The element-wise kernels. Each computes dst[i] for i < n rounded up to a
// multiple of eight (0 allowed), with pointers to float32 and dst equal to a source or apart
// from it. Their Go twins have the same names without the suffix AVX2.
const (
	Sigmoid     MathSet = 1 << iota // sigmoidAVX2(dst, src *float32, n int)
	Tanh                            // tanhAVX2(dst, src *float32, n int)
	ReLU                            // reluAVX2(dst, src *float32, n int)
	ClippedReLU                     // clippedReLUAVX2(dst, src *float32, n int, clip float32)
	LeakyReLU                       // leakyReLUAVX2(dst, src *float32, n int, slope float32)
	HardSigmoid                     // hardSigmoidAVX2(dst, src *float32, n int, slope, offset float32)
	Add                             // addAVX2(dst, a, b *float32, n int)
	Sub                             // subAVX2(dst, a, b *float32, n int)
	Mul                             // mulAVX2(dst, a, b *float32, n int)
	Softmax                         // softmaxAVX2(dst, src *float32, n int): n is any number

	Affine   // affineAVX2(dst, src *float32, n int, slope, offset float32)
	Clamp    // clampAVX2(dst, src *float32, n int, low, high float32)
	Sqrt     // sqrtAVX2(dst, src *float32, n int)
	Div      // divAVX2(dst, a, b *float32, n int)
	Largest  // largestAVX2(dst, a, b *float32, n int)
	Smallest // smallestAVX2(dst, a, b *float32, n int)

	SoftmaxLockstep // softmaxLockstepAVX2(dst, src *float32, n, lanes int): n > 0 elements of lanes vectors

	// AllMath is all of them.
	AllMath = 1<<iota - 1
)

// EmitMath appends the kernels of the set to the file, in the order of their
// constants. A bit that names no kernel makes Render fail.
func EmitMath(f *File, need MathSet) {
	if unknown := need &^ AllMath; unknown != 0 {
		f.fail(fmt.Errorf("asm: unknown element-wise kernels %#x", uint32(unknown)))
		return
	}
	for i, emit := range []func(*File){
		emitSigmoid, emitTanh, emitReLU, emitClippedReLU, emitLeakyReLU,
		emitHardSigmoid, emitAdd, emitSub, emitMul, emitSoftmax,
		emitAffine, emitClamp, emitSqrt, emitDiv, emitLargest, emitSmallest, emitSoftmaxLockstep,
	} {
		if need&(1<<i) != 0 {
			emit(f)
		}
	}
}

// at is the vector at base + index bytes.
func at(base, index reg.GPPhysical) operand.Mem {
	return operand.Mem{Base: base, Index: index, Scale: 1}
}

// overVectors emits a loop over n floats, rounded up to whole vectors: body gets
// the byte offset of its vector. The offset counts up from −4n to 0 behind the
// ends of the buffers, so that one addition is all of the loop's overhead; the
// pointers in ends are moved there first.
func (fn *Func) overVectors(n reg.GPPhysical, ends []reg.GPPhysical, body func(offset reg.GPPhysical)) {
	done, loop := fn.NewLabel("done"), fn.NewLabel("loop")
	fn.SHLQ(operand.U8(2), n)
	fn.JLE(operand.LabelRef(done))
	for _, p := range ends {
		fn.ADDQ(n, p)
	}
	fn.NEGQ(n)
	fn.Label(loop)
	body(n)
	fn.ADDQ(operand.U8(32), n)
	fn.JLT(operand.LabelRef(loop))
	fn.Label(done)
}

// unary emits dst[i] = f(src[i]): body works on register x and may use all
// those that begin does not set up.
func unary(fn *Func, x reg.VecPhysical, body func()) {
	dst, src, n := fn.Arg("dst", reg.RDI), fn.Arg("src", reg.RSI), fn.Arg("n", reg.RCX)
	fn.overVectors(n, []reg.GPPhysical{dst, src}, func(i reg.GPPhysical) {
		fn.VMOVUPS(at(src, i), x)
		body()
		fn.VMOVUPS(x, at(dst, i))
	})
	fn.Return()
}

const unarySignature = "func(dst, src *float32, n int)"

func emitSigmoid(f *File) {
	fn := f.Func("sigmoidAVX2", unarySignature,
		"sigmoidAVX2 computes dst[i] = 1/(1+exp(-src[i])) for i < n rounded up to 8.\n"+
			"The error is below 2.5 ulp; below src[i] = -87.68 the result is 0.")
	l := lanes(0, 1)
	unary(fn, l[0].x, func() { fn.vsigmoid(l) })
}

func emitTanh(f *File) {
	fn := f.Func("tanhAVX2", unarySignature,
		"tanhAVX2 computes dst[i] = tanh(src[i]) for i < n rounded up to 8.\n"+
			"The error is below 2.6 ulp.")
	l := lanes(0, 1)
	unary(fn, l[0].x, func() { fn.vtanh(l) })
}

// In the minima and maxima below the argument is the second source, which is
// the result when a source is NaN or when both are zeros: NaN and −0 stay.

func emitReLU(f *File) {
	fn := f.Func("reluAVX2", unarySignature,
		"reluAVX2 computes dst[i] = max(src[i], 0) for i < n rounded up to 8.\nNaN stays NaN.")
	fn.VXORPS(reg.Y1, reg.Y1, reg.Y1)
	unary(fn, reg.Y0, func() { fn.VMAXPS(reg.Y0, reg.Y1, reg.Y0) })
}

// broadcastArg loads a float32 parameter into all lanes of dst.
func (fn *Func) broadcastArg(name string, dst reg.VecPhysical) {
	arg, err := fn.Param(name).Resolve()
	if err != nil {
		fn.File.fail(err)
		return
	}
	fn.VBROADCASTSS(arg.Addr, dst)
}

func emitClippedReLU(f *File) {
	fn := f.Func("clippedReLUAVX2", "func(dst, src *float32, n int, clip float32)",
		"clippedReLUAVX2 computes dst[i] = min(max(src[i], 0), clip) for i < n rounded up to 8.\nNaN stays NaN.")
	fn.VXORPS(reg.Y1, reg.Y1, reg.Y1)
	fn.broadcastArg("clip", reg.Y2)
	unary(fn, reg.Y0, func() {
		fn.VMAXPS(reg.Y0, reg.Y1, reg.Y0)
		fn.VMINPS(reg.Y0, reg.Y2, reg.Y0)
	})
}

func emitLeakyReLU(f *File) {
	fn := f.Func("leakyReLUAVX2", "func(dst, src *float32, n int, slope float32)",
		"leakyReLUAVX2 computes dst[i] = src[i], or slope*src[i] where that is negative, for i < n\n"+
			"rounded up to 8. NaN stays NaN.")
	fn.broadcastArg("slope", reg.Y2)
	fn.VXORPS(reg.Y3, reg.Y3, reg.Y3)
	const less = 1
	unary(fn, reg.Y0, func() {
		fn.VMULPS(reg.Y2, reg.Y0, reg.Y1)
		fn.VCMPPS(operand.U8(less), reg.Y3, reg.Y0, reg.Y4)
		fn.VBLENDVPS(reg.Y4, reg.Y1, reg.Y0, reg.Y0)
	})
}

func emitHardSigmoid(f *File) {
	fn := f.Func("hardSigmoidAVX2", "func(dst, src *float32, n int, slope, offset float32)",
		"hardSigmoidAVX2 computes dst[i] = min(max(slope*src[i] + offset, 0), 1) for i < n rounded\n"+
			"up to 8. NaN stays NaN.")
	fn.VXORPS(reg.Y1, reg.Y1, reg.Y1)
	fn.broadcastArg("slope", reg.Y2)
	fn.broadcastArg("offset", reg.Y3)
	fn.VMOVUPS(f.Splat8F(1), reg.Y4)
	unary(fn, reg.Y0, func() {
		fn.VMULPS(reg.Y2, reg.Y0, reg.Y0)
		fn.VADDPS(reg.Y3, reg.Y0, reg.Y0)
		fn.VMAXPS(reg.Y0, reg.Y1, reg.Y0)
		fn.VMINPS(reg.Y0, reg.Y4, reg.Y0)
	})
}

// emitBinary emits dst[i] = a[i] op b[i].
func emitBinary(f *File, name, operator string, op func(fn *Func, b operand.Op, a, dst reg.VecPhysical)) {
	fn := f.Func(name, "func(dst, a, b *float32, n int)",
		fmt.Sprintf("%s computes dst[i] = a[i] %s b[i] for i < n rounded up to 8.", name, operator))
	dst, a, b, n := fn.Arg("dst", reg.RDI), fn.Arg("a", reg.RSI), fn.Arg("b", reg.RDX), fn.Arg("n", reg.RCX)
	fn.overVectors(n, []reg.GPPhysical{dst, a, b}, func(i reg.GPPhysical) {
		fn.VMOVUPS(at(a, i), reg.Y0)
		op(fn, at(b, i), reg.Y0, reg.Y0)
		fn.VMOVUPS(reg.Y0, at(dst, i))
	})
	fn.Return()
}

func emitAdd(f *File) {
	emitBinary(f, "addAVX2", "+", func(fn *Func, b operand.Op, a, dst reg.VecPhysical) { fn.VADDPS(b, a, dst) })
}

func emitSub(f *File) {
	emitBinary(f, "subAVX2", "-", func(fn *Func, b operand.Op, a, dst reg.VecPhysical) { fn.VSUBPS(b, a, dst) })
}

func emitDiv(f *File) {
	emitBinary(f, "divAVX2", "/", func(fn *Func, b operand.Op, a, dst reg.VecPhysical) { fn.VDIVPS(b, a, dst) })
}

func emitMul(f *File) {
	emitBinary(f, "mulAVX2", "*", func(fn *Func, b operand.Op, a, dst reg.VecPhysical) { fn.VMULPS(b, a, dst) })
}
