package asm

import (
	"bufio"
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestEmittedInstructions disassembles what the assembler made of every kernel and
// of the example packages, where checkFile has seen only the text: a kernel for
// AVX2 has no instruction that such a machine cannot decode, none mixes SSE
// encodings with others, and none leaves the upper halves of registers dirty.
func TestEmittedInstructions(t *testing.T) {
	if testing.Short() {
		t.Skip("builds modules")
	}
	objdump := findObjdump(t)
	dir := t.TempDir()
	writeRunner(t, dir, kernelPrograms(t))
	runner := filepath.Join(dir, "runner")
	runModule(t, dir, "build", "-o", runner, ".")
	elements := filepath.Join(dir, "elements")
	goCommand(t, mathModule(t), "test", "-c", "-o", elements, ".")
	several := filepath.Join(dir, "several")
	goCommand(t, severalModule(t, matvecProgram(t, AVX2), "several_check.txt"), "test", "-c", "-o", several, ".")
	binaries := map[string]string{"matrix kernels": runner, "element-wise kernels": elements, "kernels for several vectors": several}
	goCommand(t, "../generated", "test", "-c", "-o", dir, "./...")
	examples, err := filepath.Glob(filepath.Join(dir, "*.test"))
	if err != nil || len(examples) == 0 {
		t.Fatalf("%d example packages: %v", len(examples), err)
	}
	for _, path := range examples {
		binaries[filepath.Base(path)] = path
	}
	for name, path := range binaries {
		functions := disassemble(t, objdump, path)
		if len(functions) == 0 {
			t.Errorf("%s: no kernels found", name)
		}
		wide := 0
		for _, f := range functions {
			for _, fault := range f.faults() {
				t.Errorf("%s: %s: %s", name, f.name, fault)
			}
			if f.level == AVX512 {
				wide++
			}
		}
		t.Logf("%s: %d kernels for AVX2, %d for AVX-512", name, len(functions)-wide, wide)
	}
}

// TestInstructionFaults feeds the check lines of objdump, one breach of each rule.
func TestInstructionFaults(t *testing.T) {
	const ret = "1:\tc5 f8 77 \tvzeroupper\n2:\tc3 \tret\n"
	for _, row := range []struct {
		name, text, want string
		level            Level
	}{
		{"sound", "0:\tc5 fc 10 00 \tvmovups (%rax),%ymm0\n" + ret, "", AVX2},
		{"integer", "0:\t48 01 d8 \tadd %rbx,%rax\n1:\tc3 \tret\n", "", AVX2},
		{"evex", "0:\t62 f1 7c 28 10 00 \tvmovups (%rax),%ymm0\n" + ret, "[EVEX: vmovups (%rax),%ymm0]", AVX2},
		{"evex at its level", "0:\t62 f1 7c 48 10 00 \tvmovups (%rax),%zmm0\n" + ret, "", AVX512},
		{"mask", "0:\tc5 f8 90 c8 \tkmovw %k0,%k1\n1:\tc3 \tret\n", "[mask register: kmovw %k0,%k1]", AVX2},
		{"sse", "0:\t0f 58 c1 \taddps %xmm1,%xmm0\n1:\tc3 \tret\n", "[legacy SSE: addps %xmm1,%xmm0]", AVX2},
		{"dirty", "0:\tc5 fc 10 00 \tvmovups (%rax),%ymm0\n1:\tc3 \tret\n", "[ret without vzeroupper before it]", AVX512},
		{"frame", "0:\tc5 fc 10 00 \tvmovups (%rax),%ymm0\n1:\tc5 f8 77 \tvzeroupper\n2:\t5d \tpop    %rbp\n3:\tc3 \tret\n", "", AVX2},
		{"unknown", "0:\t06 \t(bad)\n1:\tc3 \tret\n", "[not decoded: (bad)]", AVX2},
		{"no return", "0:\t48 01 d8 \tadd %rbx,%rax\n", "[no ret]", AVX2},
	} {
		f := disassembly{name: row.name, level: row.level}
		for line := range strings.Lines(row.text) {
			f.add(line)
		}
		if got := f.faults(); len(got) == 0 != (row.want == "") || len(got) > 0 && fmt.Sprint(got) != row.want {
			t.Errorf("%s: %v, want %s", row.name, got, row.want)
		}
	}
}

// findObjdump is GNU objdump: that of Go's tools misreads VEX multiply-adds.
func findObjdump(t testing.TB) string {
	t.Helper()
	machineLevel(t)
	path, err := exec.LookPath("objdump")
	if err != nil {
		t.Skip("needs objdump of the GNU binutils")
	}
	if out, err := exec.Command(path, "--version").Output(); err != nil || !bytes.HasPrefix(out, []byte("GNU objdump")) {
		t.Skipf("%s is not GNU objdump: %q, %v", path, out, err)
	}
	return path
}

// disassembly is a function in a binary, its name ending with the level of its
// file.
type disassembly struct {
	name         string
	level        Level
	instructions []instruction
}

type instruction struct {
	bytes string // in hexadecimal
	text  string
}

var (
	symbolLine = regexp.MustCompile(`^[0-9a-f]+ <(.*)>:$`)
	// The wrappers that Go puts around assembly lack the last part.
	kernelSymbol = regexp.MustCompile(`^(?:m[/.]|rt\.|github\.com/sparsec/sparsec/generated/).*(AVX2|AVX512)\.abi0$`)
)

// disassemble lists the kernels of a binary.
func disassemble(t testing.TB, objdump, path string) []disassembly {
	t.Helper()
	out, err := exec.Command(objdump, "-d", "-w", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	levels := map[string]Level{"AVX2": AVX2, "AVX512": AVX512}
	var list []disassembly
	inside := false
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Scan() {
		line := lines.Text()
		if m := symbolLine.FindStringSubmatch(line); m != nil {
			kernel := kernelSymbol.FindStringSubmatch(m[1])
			if inside = kernel != nil; inside {
				list = append(list, disassembly{name: m[1], level: levels[kernel[1]]})
			}
			continue
		}
		if inside {
			list[len(list)-1].add(line)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}

// add reads a line: address, bytes, text.
func (d *disassembly) add(line string) {
	if part := strings.SplitN(line, "\t", 3); len(part) == 3 {
		d.instructions = append(d.instructions, instruction{strings.TrimSpace(part[1]), strings.TrimSpace(part[2])})
	}
}

var (
	wideRegister = regexp.MustCompile(`%[yz]mm`)
	maskRegister = regexp.MustCompile(`%k[0-7]`)
	frameEnd     = regexp.MustCompile(`^(pop +%rbp|add +\$[^,]+,%rsp|sub +\$-[^,]+,%rsp)$`)
	vectorOrMMX  = regexp.MustCompile(`%[xyz]?mm`)
)

// faults are what is wrong with a kernel for its level.
func (d *disassembly) faults() []string {
	var faults []string
	add := func(what, text string) { faults = append(faults, what+": "+text) }
	wide, returns := false, 0
	for i, in := range d.instructions {
		vex := strings.HasPrefix(in.bytes, "c4 ") || strings.HasPrefix(in.bytes, "c5 ")
		evex := strings.HasPrefix(in.bytes, "62 ")
		wide = wide || wideRegister.MatchString(in.text)
		switch {
		case strings.Contains(in.text, "(bad)"):
			add("not decoded", in.text)
		case d.level < AVX512 && evex:
			add("EVEX", in.text)
		case d.level < AVX512 && maskRegister.MatchString(in.text):
			add("mask register", in.text)
		case vectorOrMMX.MatchString(in.text) && !vex && !evex:
			add("legacy SSE", in.text)
		}
		if in.text == "ret" {
			returns++
			last := i - 1
			for last >= 0 && frameEnd.MatchString(d.instructions[last].text) {
				last--
			}
			if wide && (last < 0 || d.instructions[last].text != "vzeroupper") {
				faults = append(faults, "ret without vzeroupper before it")
			}
		}
	}
	if returns == 0 {
		faults = append(faults, "no ret")
	}
	return slices.Compact(faults)
}
