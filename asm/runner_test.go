package asm

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/ir/kernel"
)

// runner is a process that has kernels, portable and in assembly, and does trials
// with them (testdata/trial): they read their matrix at run time, so that one
// build serves any number.
type runner struct {
	in    *gob.Encoder
	out   *gob.Decoder
	said  *bytes.Buffer // on its standard error
	level kernel.Level  // of this machine
}

// newRunner builds and starts a runner of the kernels of programs, a package each.
func newRunner(t testing.TB, programs map[string]*kernel.Program) *runner {
	t.Helper()
	r := &runner{level: machineLevel(t), said: &bytes.Buffer{}}
	dir := t.TempDir()
	path := filepath.Join(dir, "runner")
	writeRunner(t, dir, programs)
	// Without paths in it, a second build comes from the cache.
	runModule(t, dir, "build", "-trimpath", "-o", path, ".")
	cmd := exec.Command(path)
	cmd.Stderr = r.said
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	r.in, r.out = gob.NewEncoder(in), gob.NewDecoder(out)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("runner: %v\n%s", err, r.said)
		}
	})
	return r
}

// machineLevel is the highest that this machine runs. It skips the test where there
// is none, or where the runner cannot protect pages.
func machineLevel(t testing.TB) kernel.Level {
	t.Helper()
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("needs linux on amd64")
	}
	needLevel(t, AVX2)
	if hasLevel(AVX512) {
		return AVX512
	}
	return AVX2
}

// do does a trial and returns what is wrong with the kernels, or "".
func (r *runner) do(t testing.TB, trial *Trial) (fault string) {
	t.Helper()
	if err := r.in.Encode(trial); err != nil {
		t.Fatalf("%s: runner: %v\n%s", trial.Name, err, r.said)
	}
	if err := r.out.Decode(&fault); err != nil {
		t.Fatalf("%s: runner: %v\n%s", trial.Name, err, r.said)
	}
	return fault
}

// writeRunner writes the runner's module.
func writeRunner(t testing.TB, dir string, programs map[string]*kernel.Program) {
	t.Helper()
	write(t, dir, "go.mod", []byte("module m\n\ngo 1.26\n"))
	for _, f := range []struct{ from, folder, name, clause string }{
		{"testdata/trial/main.txt", "", "main.go", "package main"},
		{"testdata/trial/guarded.txt", "guarded", "guarded.go", "package guarded"},
		{"trial_test.go", "trial", "trial.go", "package asm"},
	} {
		text, err := os.ReadFile(f.from)
		if err != nil {
			t.Fatal(err)
		}
		text = bytes.Replace(text, []byte("package asm\n"), []byte("package trial\n"), 1)
		write(t, filepath.Join(dir, f.folder), f.name, text)
	}
	var imports, table strings.Builder
	for _, name := range slices.Sorted(maps.Keys(programs)) {
		fmt.Fprintf(&imports, "\t%q\n", "m/"+name)
		fmt.Fprintf(&table, "\t%q: %s.Kernels,\n", name, name)
		writeKernels(t, filepath.Join(dir, name), name, programs[name])
	}
	write(t, dir, "kernels.go", fmt.Appendf(nil, `package main

import (
	"m/guarded"
%s)

// kernels are those of each package by name.
var kernels = map[string]map[string]func([]guarded.Arg){
%s}
`, imports.String(), table.String()))
}

// writeKernels writes a package of the kernels of a program: the assembly of each
// level, the portable ones, and a table of those that the program calls.
func writeKernels(t testing.TB, dir, name string, p *kernel.Program) {
	t.Helper()
	parameters := map[string][]string{}
	add := func(file string, text []byte) {
		write(t, dir, file, text)
		if strings.HasSuffix(file, ".go") {
			parseParameters(t, file, text, parameters)
		}
	}
	for _, level := range kernel.Levels() {
		if assembly, stubs := renderKernels(t, name, p, level); assembly != nil {
			add("kernels_"+level.String()+".s", assembly)
			add("kernels_"+level.String()+".go", stubs)
		}
	}
	portable, err := filepath.Glob("../codegen/rt/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range portable {
		base := filepath.Base(path)
		if !strings.HasPrefix(base, "matvec") && !strings.HasPrefix(base, "lockstep") || strings.HasSuffix(base, "_test.go") {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		add(base, bytes.Replace(text, []byte("package rt\n"), []byte("package "+name+"\n"), 1))
	}
	table := map[string]string{}
	for _, call := range allCalls(p) {
		table[kernelKey(call)] = dispatch(call, parameters[call.Func])
	}
	var text strings.Builder
	fmt.Fprintf(&text, "package %s\n\nimport \"m/guarded\"\n\n// Kernels are those of the package by name.\nvar Kernels = map[string]func([]guarded.Arg){\n", name)
	for _, key := range slices.Sorted(maps.Keys(table)) {
		fmt.Fprintf(&text, "\t%q: func(a []guarded.Arg) { %s },\n", key, table[key])
	}
	text.WriteString("}\n")
	write(t, dir, "table.go", []byte(text.String()))
}

// renderKernels is the assembly of a level and its stubs, nil where the program
// needs none.
func renderKernels(t testing.TB, pkg string, p *kernel.Program, level kernel.Level) (assembly, stubs []byte) {
	t.Helper()
	f := NewFile(pkg, "amd64")
	f.Level = level
	if p.Batch == 0 {
		if EmitMatVecs(f, p, level) == 0 {
			return nil, nil
		}
	} else if level == AVX2 {
		EmitLockstep(f, p)
	} else {
		return nil, nil
	}
	assembly, stubs, err := f.Render()
	if err != nil {
		t.Fatal(err)
	}
	return assembly, stubs
}

// parseParameters adds the types of the parameters of each function in a file.
func parseParameters(t testing.TB, name string, text []byte, functions map[string][]string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		var types []string
		for _, field := range f.Type.Params.List {
			for range field.Names {
				types = append(types, string(text[field.Type.Pos()-1:field.Type.End()-1]))
			}
		}
		functions[f.Name.Name] = types
	}
}

// kernelKey names a kernel in the runner's table. A portable one may take sections
// of several types.
func kernelKey(c kernel.Call) string {
	key := c.Func
	for _, a := range c.Args {
		if a.Kind == kernel.WeightsArg {
			key += "/" + a.Elem.String()
		}
	}
	return key
}

// dispatch is the call with arguments of a trial, for parameters of these types.
func dispatch(c kernel.Call, parameters []string) string {
	var args []string
	for i, a := range c.Args {
		switch typ := parameters[i]; {
		case a.Kind == kernel.IntArg:
			args = append(args, fmt.Sprintf("%s(a[%d].Value)", typ, i))
		case strings.HasPrefix(typ, "*"):
			args = append(args, fmt.Sprintf("(%s)(a[%d].Pointer)", typ, i))
		default:
			args = append(args, fmt.Sprintf("guarded.View[%s](a[%d])", a.Elem, i))
		}
	}
	return c.Func + "(" + strings.Join(args, ", ") + ")"
}

// allCalls are the calls of a program's products, in assembly of every level that
// it has and in portable Go.
func allCalls(p *kernel.Program) []kernel.Call {
	var calls []kernel.Call
	for _, w := range waysOf(p) {
		calls = append(calls, w.calls...)
	}
	return calls
}
