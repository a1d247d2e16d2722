package asm

import (
	"bytes"
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/cpu"
)

var (
	exhaustive  = flag.Bool("exhaustive", false, "run the activations over all 2^32 arguments (minutes)")
	benchKernel = flag.Bool("kernelbench", false, "run the benchmarks of the math and cell kernels and print them")
)

// mathModule writes a module of the portable kernels, the assembly of all
// element-wise and cell kernels, and the test that compares them.
func mathModule(t *testing.T) string {
	t.Helper()
	f := NewFile("rt", "amd64 && !purego")
	EmitMath(f, AllMath)
	EmitCells(f, AllCells)
	assembly, stubs, err := f.Render()
	if err != nil {
		t.Fatal(err)
	}
	wide := NewFile("rt", "amd64 && !purego")
	wide.Level = AVX512
	EmitCells(wide, AllCells)
	wideAssembly, wideStubs, err := wide.Render()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files := map[string][]byte{
		"go.mod":           []byte("module rt\n\ngo 1.26\n"),
		"kernels_amd64.s":  assembly,
		"kernels_amd64.go": stubs,
		"wide_amd64.s":     wideAssembly,
		"wide_amd64.go":    wideStubs,
	}
	for name, path := range map[string]string{
		"math.go":         "../codegen/rt/math.go",
		"functions.go":    "../codegen/rt/functions.go",
		"cells.go":        "../codegen/rt/cells.go",
		"kernels_test.go": "testdata/vmath/kernels_test.go",

		"wide_test.go": "testdata/vmath/wide_test.go",

		"pages_linux_test.go": "testdata/vmath/pages_linux_test.go",
		"pages_other_test.go": "testdata/vmath/pages_other_test.go",
	} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = text
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// goCommand runs the go tool in a module that needs nothing but the standard
// library, and returns its output.
func goCommand(t *testing.T, dir string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off", "GOPROXY=off")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// TestMathKernels compiles the kernels into a module of their own and runs
// testdata/vmath there: vetted, and against float64 and the portable twins.
func TestMathKernels(t *testing.T) {
	if runtime.GOARCH != "amd64" || !cpu.X86.HasAVX2 || !cpu.X86.HasFMA {
		t.Skip("needs AVX2 and FMA")
	}
	dir := mathModule(t)
	goCommand(t, dir, "vet", ".")
	args := []string{"test", "-count=1", "-v", "."}
	if hasLevel(AVX512) {
		args = append(args, "-wide")
	}
	if *exhaustive {
		args = append(args, "-exhaustive")
	}
	t.Log(goCommand(t, dir, args...))
	if *benchKernel {
		t.Log(goCommand(t, dir, append(args, "-run=^$", "-bench=.", "-count=5")...))
	}
}

func TestEmitSubsets(t *testing.T) {
	names := func(emit func(f *File)) string {
		f := NewFile("m", "amd64")
		emit(f)
		a, _, err := f.Render()
		if err != nil {
			t.Fatal(err)
		}
		var list []string
		for line := range bytes.Lines(a) {
			if rest, ok := strings.CutPrefix(string(line), "TEXT ·"); ok {
				name, _, _ := strings.Cut(rest, "(")
				list = append(list, name)
			}
		}
		return strings.Join(list, " ")
	}
	for want, emit := range map[string]func(*File){
		"":                               func(f *File) { EmitMath(f, 0); EmitCells(f, 0) },
		"sigmoidAVX2 mulAVX2":            func(f *File) { EmitMath(f, Mul|Sigmoid) },
		"tanhAVX2 gruUpdateReLUAVX2":     func(f *File) { EmitMath(f, Tanh); EmitCells(f, GRUUpdateReLU) },
		"gruCellAVX2 lstmCellAVX2":       func(f *File) { EmitCells(f, LSTMCell|GRUCell) },
		"gruResetAVX2 gruUpdateTanhAVX2": func(f *File) { EmitCells(f, GRUReset|GRUUpdateTanh) },
		"gruCellAVX512 lstmCellAVX512":   func(f *File) { f.Level = AVX512; EmitCells(f, LSTMCell|GRUCell) },
	} {
		if got := names(emit); got != want {
			t.Errorf("functions %q, want %q", got, want)
		}
	}
	f := NewFile("m", "amd64")
	EmitMath(f, 1<<30)
	EmitCells(f, 1<<30)
	if _, _, err := f.Render(); err == nil || !strings.Contains(err.Error(), "unknown cell kernels") || !strings.Contains(err.Error(), "unknown element-wise kernels") {
		t.Errorf("unknown kernels: %v", err)
	}
}
