package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sparsec/sparsec/trainer/sweep"
)

// trainAll trains the cells without a result, each in a process of its own, -jobs
// of them at a time and in their order. A cell that fails does not keep the others
// from being trained, except for those that prune from it.
func (s *sweepRun) trainAll(ctx context.Context, e *env, results []*sweep.Result) error {
	cells := s.experiment.Cells
	ended := make([]chan struct{}, len(cells))
	failed := make([]error, len(cells))
	slots := make(chan struct{}, s.jobs)
	var wait sync.WaitGroup
	var printing sync.Mutex
	for i := range cells {
		ended[i] = make(chan struct{})
		if results[i] != nil {
			close(ended[i])
			continue
		}
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			defer close(ended[i])
			// The cell that this one prunes from comes before it, and has its slot.
			if from := cells[i].PruneFrom; from >= 0 {
				<-ended[from]
				if failed[from] != nil {
					failed[i] = fmt.Errorf("cell %s: prunes from one that failed", cells[i].Name)
					return
				}
			}
			said, err := s.process(ctx, &cells[i])
			if failed[i] = err; err != nil {
				return
			}
			printing.Lock()
			defer printing.Unlock()
			fmt.Fprintf(e.stderr, "%d of %d  %s", i+1, len(cells), said)
		})
	}
	wait.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return errors.Join(failed...)
}

// grace is the time that a cell has to write its checkpoint.
const grace = 30 * time.Second

// process trains a cell in a process of its own and returns what it says.
func (s *sweepRun) process(ctx context.Context, c *sweep.Cell) (said string, err error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	args := []string{"sweep", "-cell", strconv.Itoa(c.Index), "-o", s.out, "-data", s.data, s.path}
	if s.quick {
		args = append(args, "-quick")
	}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Args[0] = os.Args[0]
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = grace
	var out, faults bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &faults
	if err := cmd.Run(); err != nil {
		text := strings.TrimPrefix(strings.TrimSpace(faults.String()), "sparsec sweep: ")
		return "", fmt.Errorf("%s (%w)", text, err)
	}
	return out.String(), nil
}
