package asm

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sparsec/sparsec/ir/sparse"
)

// precisionNames are the parts of kernels' names that say how weights are stored.
var precisionNames = map[sparse.Precision]string{
	sparse.Float32: "F32", sparse.Fixed16: "Q16", sparse.Float16: "F16", sparse.Int8: "I8",
}

// precisionDoc is the end of a kernel's comment: how weights are stored.
func precisionDoc(p sparse.Precision) string {
	if p == sparse.Float32 {
		return ""
	}
	elem := map[sparse.Precision]string{sparse.Fixed16: "int16", sparse.Float16: "half precision", sparse.Int8: "int8"}[p]
	return fmt.Sprintf(" Weights are %s,\nsums are multiplied by scales.", elem)
}

// matvecSignature is a kernel's signature with the sections and counts given, and
// behind the sections the scales of rows that weights of less than float32 have.
func matvecSignature(p sparse.Precision, sections, counts string) string {
	if p != sparse.Float32 {
		sections += ", scales"
	}
	return fmt.Sprintf("func(dst, init, src *float32, %s *byte, %s int)", sections, counts)
}

// rowScales loads the pointer to the scales of rows, if the kernel has them.
func (k *matvec) rowScales(p sparse.Precision) {
	if p != sparse.Float32 {
		k.fn.Arg("scales", k.scales)
	}
}

// convert loads a vector of weights as float32, not yet scaled.
func (k *matvec) convert(p sparse.Precision, weights operand.Mem, dst reg.VecPhysical) {
	fn := k.fn
	switch p {
	case sparse.Float32:
		fn.VMOVUPS(weights, dst)
	case sparse.Float16:
		fn.VCVTPH2PS(weights, dst)
	case sparse.Fixed16:
		fn.VPMOVSXWD(weights, dst)
		fn.VCVTDQ2PS(dst, dst)
	case sparse.Int8:
		fn.VPMOVSXBD(weights, dst)
		fn.VCVTDQ2PS(dst, dst)
	}
}

// multiplyAdd adds the product of a vector of weights and x to an accumulator;
// spare is for weights that are not float32.
func (k *matvec) multiplyAdd(p sparse.Precision, weights operand.Mem, x, spare, acc reg.VecPhysical) {
	if p == sparse.Float32 {
		k.fn.VFMADD231PS(weights, x, acc)
		return
	}
	k.convert(p, weights, spare)
	k.fn.VFMADD231PS(spare, x, acc)
}

// store scales a vector of sums, adds init and stores it, displaced by disp bytes
// of float32 rows; spare is for the scale.
func (k *matvec) store(p sparse.Precision, sum, spare reg.VecPhysical, disp int) {
	fn := k.fn
	if p == sparse.Float32 {
		fn.VADDPS(mem(k.init, disp), sum, sum)
	} else {
		fn.VMOVUPS(mem(k.scales, disp), spare)
		fn.VFMADD213PS(mem(k.init, disp), spare, sum)
	}
	fn.VMOVUPS(sum, mem(k.dst, disp))
}

// nextRows advances the pointers to rows by so many.
func (k *matvec) nextRows(p sparse.Precision, rows int) {
	fn := k.fn
	fn.ADDQ(operand.I32(4*rows), k.init)
	fn.ADDQ(operand.I32(4*rows), k.dst)
	if p != sparse.Float32 {
		fn.ADDQ(operand.I32(4*rows), k.scales)
	}
}
