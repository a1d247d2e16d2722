package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestInterrupted: a verb that is told to end says so, exits with 1 and leaves
// nothing behind.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	model := findFixture("dense").path()
	for _, args := range [][]string{
		{"prune", model, "-o"},
		{"inspect", model, "-png"},
		{"compile", model, "-pkg", "m", "-o"},
	} {
		t.Run(args[0], func(t *testing.T) {
			dir := t.TempDir()
			var out, said bytes.Buffer
			code := run(ctx, &env{stdout: &out, stderr: &said}, append(args, filepath.Join(dir, "out")))
			if want := "sparsec " + args[0] + ": interrupted\n"; code != 1 || said.String() != want {
				t.Errorf("exit code %d, %q; want 1, %q", code, said.String(), want)
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

// TestTerminated: SIGTERM ends a training run in order, with a word on how to go
// on, and leaves what it goes on from.
func TestTerminated(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be sent a signal")
	}
	dir := t.TempDir()
	text := strings.Repeat("what is read is held and let go of. ", 100)
	if err := os.WriteFile(filepath.Join(dir, "text"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	cmd := exec.Command("sparsec", "train", "-data", "text", "-hidden", "8", "-streams", "4", "-segment", "8",
		"-steps", "1000000", "-checkpoint", "5", "-progress", "none")
	cmd.Dir, cmd.Stderr = dir, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	state := filepath.Join(dir, "model.ckpt.resume")
	for start := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(state); err == nil {
			break
		}
		if time.Since(start) > 30*time.Second {
			_ = cmd.Process.Kill()
			t.Fatalf("no %s after half a minute: %v", state, cmd.Wait())
		}
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	err := cmd.Wait()
	want := regexp.MustCompile(`^sparsec train: interrupted after step \d+ of 1000000; go on with: sparsec train -resume -o model.ckpt\n$`)
	if cmd.ProcessState.ExitCode() != 1 || !want.MatchString(said.String()) {
		t.Errorf("%v, %q; want exit code 1, %s", err, said.String(), want)
	}
	if _, err := os.Stat(state); err != nil {
		t.Error(err)
	}
}
