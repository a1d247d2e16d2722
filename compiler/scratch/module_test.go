package scratch

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

func TestModule(t *testing.T) {
	m, err := New("scratch.invalid")
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Add("", []txtar.File{{Name: "main.go", Data: []byte("package main\n\nimport \"scratch.invalid/p\"\n\nfunc main() { print(p.X); println() }\n")}}); err != nil {
		t.Fatal(err)
	}
	if err := m.Add("p", []txtar.File{{Name: "p.go", Data: []byte("package p\n\nconst X = 41\n")}}); err != nil {
		t.Fatal(err)
	}
	program, err := m.Build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	cmd := m.Command(t.Context(), program)
	if out, err := cmd.CombinedOutput(); err != nil || string(out) != "41\n" {
		t.Errorf("output %q, error %v, want 41", out, err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(m.Dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("after Close: %v, want the folder gone", err)
	}
}

func TestModuleErrors(t *testing.T) {
	m, err := New("scratch.invalid")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if err := m.Add("p", []txtar.File{{Name: "../../x.go"}}); err == nil || !strings.Contains(err.Error(), "x.go") {
		t.Errorf("a name that leads out: error %v", err)
	}
	if err := m.Add("", []txtar.File{{Name: "main.go", Data: []byte("package main\n\nfunc main() { y() }\n")}}); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Build(t.Context()); err == nil || !strings.Contains(err.Error(), "undefined: y") {
		t.Errorf("does not build: error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.GoRun(ctx, "version"); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: error %v", err)
	}
	m.Go = "no-such-go"
	if _, err := m.GoRun(t.Context(), "version"); !errors.Is(err, exec.ErrNotFound) {
		t.Errorf("no go command: error %v", err)
	}
}
