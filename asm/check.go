package asm

import (
	"errors"
	"fmt"
	"sort"
	"strings"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sparsec/sparsec/ir/kernel"
)

// Level is the instruction set that a file may use, plain amd64 integer code
// included.
type Level = kernel.Level

// The levels, see package kernel.
const (
	AVX2   = kernel.AVX2
	AVX512 = kernel.AVX512
)

// extensions lists avo's names of the instruction-set extensions that a level
// adds. The SSE sets are left out on purpose: mixing their encodings with YMM
// code costs state transitions, and VEX forms exist for all of them.
var extensions = map[Level][]string{
	AVX2:   {"AVX", "AVX2", "FMA3", "F16C", "BMI", "BMI2", "POPCNT", "LZCNT", "CMOV", "CPUID"},
	AVX512: {"AVX512F", "AVX512CD", "AVX512DQ", "AVX512BW", "AVX512VL"},
}

// checkFile lists what would make the file wrong on a machine of the level, or
// break the conventions of the Go runtime. It runs on avo's program before
// printing and collects all faults of a function.
func checkFile(file *ir.File, level Level) error {
	allowed := map[string]bool{}
	for l := AVX2; l <= level; l++ {
		for _, e := range extensions[l] {
			allowed[e] = true
		}
	}
	var errs []error
	for _, fn := range file.Functions() {
		for _, fault := range checkFunction(fn, level, allowed) {
			errs = append(errs, fmt.Errorf("func %s: %s", fn.Name, fault))
		}
	}
	return errors.Join(errs...)
}

func checkFunction(fn *ir.Function, level Level, allowed map[string]bool) []string {
	faults := map[string]bool{}
	// A frame needs the check of the stack that NOSPLIT leaves out, and nothing else does.
	framed, checked := fn.FrameBytes() != 0, fn.Attributes&attr.NOSPLIT == 0
	if framed && !checked {
		faults["has a frame and is NOSPLIT"] = true
	}
	if checked && !framed {
		faults["is not NOSPLIT"] = true
	}
	instructions := fn.Instructions()
	wide := usesWide(instructions)
	for i, in := range instructions {
		for _, e := range in.ISA {
			if !allowed[e] && !strings.HasPrefix(in.Opcode, "PREFETCH") { // those every amd64 has
				faults[fmt.Sprintf("%s needs %s", in.Opcode, e)] = true
			}
		}
		for _, r := range in.Registers() {
			if f := checkRegister(r, level); f != "" {
				faults[in.Opcode+" "+f] = true
			}
		}
		for _, r := range in.OutputRegisters() {
			if sameGP(r, reg.RBP) || sameGP(r, reg.RSP) {
				faults[in.Opcode+" writes "+r.Asm()+", which belongs to the Go runtime"] = true
			}
		}
		if wide && in.Opcode == "RET" && (i == 0 || instructions[i-1].Opcode != "VZEROUPPER") {
			faults["RET without VZEROUPPER before it"] = true
		}
	}
	if n := len(instructions); n == 0 || !instructions[n-1].IsTerminal && !instructions[n-1].IsUnconditionalBranch() {
		faults["falls off its end"] = true
	}
	list := make([]string, 0, len(faults))
	for f := range faults {
		list = append(list, f)
	}
	sort.Strings(list)
	return list
}

// usesWide reports whether any instruction touches a YMM or ZMM register.
func usesWide(instructions []*ir.Instruction) bool {
	for _, in := range instructions {
		for _, r := range in.Registers() {
			if r.Kind() == reg.KindVector && r.Size() > 16 {
				return true
			}
		}
	}
	return false
}

// checkRegister says what is wrong with the register at the level, or "".
// Register numbers above 15, ZMM and mask registers exist in EVEX encodings
// only, which an AVX2 machine does not decode.
func checkRegister(r reg.Register, level Level) string {
	if reg.ToPhysical(r) == nil {
		return "uses a virtual register; registers come from the fixed pool"
	}
	if level >= AVX512 {
		return ""
	}
	name := strings.TrimLeft(r.Asm(), "XY")
	switch {
	case r.Kind() == reg.KindOpmask:
		return "uses mask register " + r.Asm()
	case r.Kind() == reg.KindVector && (r.Size() > 32 || len(name) == 2 && name > "15"):
		return "uses register " + r.Asm()
	}
	return ""
}

// sameGP reports whether r is any width of general-purpose register want.
func sameGP(r reg.Register, want reg.GPPhysical) bool {
	p := reg.ToPhysical(r)
	return p != nil && p.Kind() == reg.KindGP && p.PhysicalIndex() == want.PhysicalIndex()
}
