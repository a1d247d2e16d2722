package scratch

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/tools/txtar"
)

// Module is a temporary module on disk.
type Module struct {
	// Dir is its folder.
	Dir string
	// Go is the go command; empty for the one in PATH.
	Go string
}

// New makes a module of that path in a fresh temporary folder. Close removes it.
func New(modulePath string) (*Module, error) {
	dir, err := os.MkdirTemp("", "sparsec-*")
	if err != nil {
		return nil, err
	}
	m := &Module{Dir: dir}
	if err := m.Add("", []txtar.File{{Name: "go.mod", Data: []byte("module " + modulePath + "\n\ngo 1.26\n")}}); err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	return m, nil
}

// Close removes the module.
func (m *Module) Close() error { return os.RemoveAll(m.Dir) }

// Add writes files into a folder of the module. A name that leads out of the
// module is an error.
func (m *Module) Add(folder string, files []txtar.File) error {
	for _, f := range files {
		local, err := filepath.Localize(path.Join(folder, f.Name))
		if err != nil {
			return fmt.Errorf("file %q: %w", f.Name, err)
		}
		name := filepath.Join(m.Dir, local)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, f.Data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// GoRun runs the go command in the module and returns its output. The error has
// what it said.
func (m *Module) GoRun(ctx context.Context, args ...string) ([]byte, error) {
	command := m.Go
	if command == "" {
		command = "go"
	}
	return m.Run(ctx, nil, command, args...)
}

// Build builds the main package in the module's folder and returns the path of
// the program.
func (m *Module) Build(ctx context.Context, flags ...string) (string, error) {
	args := append([]string{"build", "-o", "run.exe"}, flags...)
	if _, err := m.GoRun(ctx, append(args, ".")...); err != nil {
		return "", err
	}
	return filepath.Join(m.Dir, "run.exe"), nil
}

// Run runs a command in the module and returns its output. The error has what
// the command said; it is that of ctx where that is why the command ended.
func (m *Module) Run(ctx context.Context, stdin io.Reader, command string, args ...string) ([]byte, error) {
	cmd := m.Command(ctx, command, args...)
	cmd.Stdin = stdin
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		if err := Cancelled(ctx); err != nil {
			return nil, err
		}
		what := strings.Join(append([]string{filepath.Base(command)}, args...), " ")
		// The tests of a package report their failures on the standard output.
		said.Write(out.Bytes())
		return nil, fmt.Errorf("%s: %w\n%s", what, err, strings.TrimSpace(said.String()))
	}
	return out.Bytes(), nil
}

// signalGap is how much later than a command this process may learn of a signal
// that a terminal sends to both.
const signalGap = 50 * time.Millisecond

// Cancelled returns the error of ctx, nil if it is not done. It is for behind a
// command that failed: it waits for a moment in which a signal may arrive that
// has already ended the command.
func Cancelled(ctx context.Context) error {
	select {
	case <-ctx.Done():
	case <-time.After(signalGap):
	}
	return ctx.Err()
}

// killDelay is how long a command may take to end when it is interrupted.
const killDelay = 3 * time.Second

// Command is a command that runs in the module, without network or workspace.
// When ctx ends it is interrupted, so that the go command removes what it has
// in the temporary folder, and killed only if it does not end by that.
func (m *Module) Command(ctx context.Context, command string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, command, args...)
	cmd.Dir = m.Dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod", "GOPROXY=off", "GOTOOLCHAIN=local")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = killDelay
	return cmd
}
