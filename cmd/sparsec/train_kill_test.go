package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestKilled: a training run that is killed, again and again and each time after
// it has saved something new, ends with the bytes of one that is left alone.
func TestKilled(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("an open file cannot be replaced under a reader")
	}
	dir := t.TempDir()
	text := strings.Repeat("what is read is held and let go of, gate by gate. ", 200)
	if err := os.WriteFile(filepath.Join(dir, "text"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	train := func(args ...string) *exec.Cmd {
		cmd := exec.Command("sparsec", append([]string{"train", "-progress", "none"}, args...)...)
		cmd.Dir, cmd.Stderr = dir, new(bytes.Buffer)
		return cmd
	}
	finish := func(cmd *exec.Cmd) {
		t.Helper()
		if err := cmd.Run(); err != nil {
			t.Fatalf("%v: %s", err, cmd.Stderr)
		}
	}
	settings := []string{"-data", "text", "-hidden", "16", "-streams", "4", "-segment", "8", "-steps", "700",
		"-sparsity", "0.7", "-dropout", "0.1", "-validate", "100", "-checkpoint", "5", "-workers", "2"}
	finish(train(append(settings, "-o", "whole.ckpt")...))

	state := filepath.Join(dir, "parts.ckpt.resume")
	args := append(settings, "-o", "parts.ckpt")
	for range 3 {
		before, _ := os.ReadFile(state) // none yet
		cmd := train(args...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		awaitChange(t, cmd, state, before)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err == nil {
			t.Fatal("the run ended before it was killed")
		}
		args = []string{"-resume", "-o", "parts.ckpt"}
	}
	finish(train(args...))
	whole, err := os.ReadFile(filepath.Join(dir, "whole.ckpt"))
	if err != nil {
		t.Fatal(err)
	}
	parts, err := os.ReadFile(filepath.Join(dir, "parts.ckpt"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(parts, whole) {
		t.Error("the run that was killed ends elsewhere")
	}
	if _, err := os.Stat(state); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s: %v, want it gone", state, err)
	}
}

// awaitChange waits until a file has other content than before.
func awaitChange(t *testing.T, cmd *exec.Cmd, path string, before []byte) {
	t.Helper()
	for start := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		if now, err := os.ReadFile(path); err == nil && !bytes.Equal(now, before) {
			return
		}
		if time.Since(start) > 30*time.Second {
			_ = cmd.Process.Kill()
			t.Fatalf("%s is as it was after half a minute: %v, %s", path, cmd.Wait(), cmd.Stderr)
		}
	}
}
