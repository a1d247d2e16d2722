package asm

import (
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// splat is a word in every lane: a vector in memory in an AVX2 file, and one of
// the registers that hold has loaded in an AVX-512 file, where there are enough of
// them. In memory the latter would often cross a cache line: the linker aligns
// data to 32 bytes at most.
func (fn *Func) splat(word uint32) operand.Op {
	if fn.File.Level < AVX512 {
		return fn.File.Splat8(word)
	}
	r, ok := fn.held[word]
	if !ok {
		fn.File.fail(fmt.Errorf("constant %#x is in no register", word))
		return zmm[0]
	}
	return r
}

// splatF is a float32 in every lane.
func (fn *Func) splatF(v float32) operand.Op { return fn.splat(math.Float32bits(v)) }

// hold loads the words into all lanes of registers from the end of the pool of an
// AVX-512 file, for splat. In an AVX2 file it does nothing.
func (fn *Func) hold(words []uint32) {
	if fn.File.Level < AVX512 {
		return
	}
	fn.held = map[uint32]reg.VecPhysical{}
	for _, w := range words {
		if _, ok := fn.held[w]; !ok {
			r := zmm[len(zmm)-1-len(fn.held)]
			fn.VBROADCASTSS(fn.File.Words(w), r)
			fn.held[w] = r
		}
	}
}

// sigmoidWords are the constants of sigmoidRatio.
func sigmoidWords() []uint32 {
	return append(expm1Words(1), signBit, math.Float32bits(expFlush), math.Float32bits(ln2Lo), math.Float32bits(1))
}

// tanhWords are the constants of tanhRatio.
func tanhWords() []uint32 {
	return append(expm1Words(2), signBit, absMask, math.Float32bits(tanhOne),
		math.Float32bits(-0.5), math.Float32bits(0.5), math.Float32bits(1))
}

// expm1Words are the constants of expm1Core, without ln2Lo.
func expm1Words(scale float64) []uint32 {
	words := []uint32{math.Float32bits(roundShift), math.Float32bits(float32(log2E * scale)), math.Float32bits(float32(ln2Hi / scale))}
	for i := range expm1Poly {
		words = append(words, math.Float32bits(expm1Coefficient(i, scale)))
	}
	return words
}

// expm1Coefficient is coefficient i of p for arguments divided by scale.
func expm1Coefficient(i int, scale float64) float32 {
	degree := len(expm1Poly) + 1 - i // of r in the whole series
	return float32(float64(math.Float32frombits(expm1Poly[i])) * math.Pow(scale, float64(degree-1)))
}
