package codegen

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/sparsec/sparsec/ir/kernel"
)

// module is a temporary module outside of this one, with a package a program.
func module(t *testing.T, programs map[string]*kernel.Program) string {
	t.Helper()
	dir := t.TempDir()
	put(t, dir, "go.mod", []byte("module example.com/models\n\ngo 1.26\n"))
	for name, p := range programs {
		o := Options{Package: name}
		if streams, ok := batches[name]; ok {
			o.Batch = batch(t, p, streams)
		}
		for _, f := range emit(t, p, o) {
			put(t, dir, name+"/"+f.Name, f.Data)
		}
	}
	return dir
}

// batches are the streams in lockstep of some packages of the tests.
var batches = map[string]int{"gru": 16, "large": 20, "talker": 33, "relu": 2}

func put(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func emit(t *testing.T, p *kernel.Program, o Options) []txtar.File {
	t.Helper()
	files, err := Emit(p, o)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// goTool runs the go command in a folder, offline and outside of workspaces.
func goTool(t *testing.T, dir string, env []string, args ...string) string {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = goEnv(env)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s go %s: %v\n%s", strings.Join(env, " "), strings.Join(args, " "), err, out)
	}
	return string(out)
}

func goEnv(more []string) []string {
	return append(append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod", "GOPROXY=off", "GOTOOLCHAIN=local"), more...)
}

// TestPackages builds packages in a module of their own and runs their tests,
// with assembly and without.
func TestPackages(t *testing.T) {
	dir := module(t, map[string]*kernel.Program{
		"gru": gru(t, 20), "cut": gru(t, 45), "large": gru(t, 150), "talker": talker(t), "relu": reluGRU(t),
		"tagger": tagger(t),
	})
	goTool(t, dir, nil, "test", "./...")
	goTool(t, dir, nil, "test", "-tags", "purego", "./...")
	if deps := goTool(t, dir, nil, "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "./gru"); strings.TrimSpace(deps) != "example.com/models/gru" {
		t.Errorf("imports from outside the standard library: %s", deps)
	}
	goTool(t, dir, []string{"GOARCH=arm64"}, "vet", "./gru", "./talker", "./tagger")
	goTool(t, dir, []string{"GOOS=js", "GOARCH=wasm"}, "build", "./...")
	goTool(t, dir, []string{"GOOS=windows"}, "build", "./...")
	if out, err := exec.Command("gofmt", "-l", dir).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("gofmt: %v %s", err, out)
	}
}
