package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"

	"github.com/sparsec/sparsec/compiler"
	"github.com/sparsec/sparsec/compiler/bench"
	"github.com/sparsec/sparsec/trainer/sweep"
)

// benchFile keeps the measured times in the folder of a sweep.
const benchFile = "bench.json"

// stepTimes are the measured times of one run, in which all models took turns.
type stepTimes struct {
	Models map[string]string `json:"models"` // SHA-256 of the model of each group
	Bytes  map[string]int    `json:"bytes"`  // of the weights of each package, with indices
	Not    map[string]string `json:"not_timed,omitempty"`
	Result *bench.Result     `json:"result"`
}

// of is the time of a step of a group in µs, 0 if it was not measured.
func (t *stepTimes) of(group string) float64 {
	if t == nil || t.Result == nil {
		return 0
	}
	if row := t.Result.Row(group); row != nil {
		return row.NS / 1e3
	}
	return 0
}

// times measures the models of the first cell of each group, if that is asked
// for, or takes what was measured before of the same models. It is nil where there
// is nothing.
func (s *sweepRun) times(ctx context.Context, e *env, done []*sweep.Result) (*stepTimes, error) {
	first := firsts(done)
	was, err := sweep.ReadJSON[stepTimes](filepath.Join(s.out, benchFile))
	if err != nil {
		return nil, err
	}
	if was != nil && was.fits(first) {
		return was, nil
	}
	if !s.bench {
		return nil, nil
	}
	t := &stepTimes{Models: map[string]string{}, Bytes: map[string]int{}, Not: map[string]string{}}
	var subjects []bench.Subject
	for _, r := range first {
		fmt.Fprintf(e.stderr, "compiling %s\n", r.Group)
		t.Models[r.Group] = r.ModelSum
		p, err := s.compile(ctx, r)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			t.Not[r.Group] = err.Error()
			fmt.Fprintf(e.stderr, "%s is not timed: %v\n", r.Group, err)
			continue
		}
		t.Bytes[r.Group] = weightBytes(p.Program)
		subjects = append(subjects, bench.Subject{Name: r.Group, Files: p.Files, Program: p.Program})
	}
	if len(subjects) == 0 {
		return nil, fmt.Errorf("-bench: no model compiles to steps")
	}
	fmt.Fprintf(e.stderr, "building and timing, about %v\n", s.budget)
	if t.Result, err = bench.Run(ctx, subjects, nil, bench.Options{Budget: s.budget}); err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(t, "", "  ")
	if err != nil {
		return nil, err
	}
	return t, replaceFile(filepath.Join(s.out, benchFile), append(text, '\n'))
}

// firsts are the results of the first seed of each group, in order.
func firsts(done []*sweep.Result) []*sweep.Result {
	var list []*sweep.Result
	seen := map[string]bool{}
	for _, r := range done {
		if !seen[r.Group] {
			seen[r.Group] = true
			list = append(list, r)
		}
	}
	return list
}

func (s *sweepRun) compile(ctx context.Context, r *sweep.Result) (*compiler.Package, error) {
	c, err := readCheckpoint(filepath.Join(s.out, r.Name, sweep.ModelFile))
	if err != nil {
		return nil, err
	}
	return compileByDefault(ctx, c, bench.PackageName)
}

// fits reports whether the times are of these models.
func (t *stepTimes) fits(first []*sweep.Result) bool {
	for _, r := range first {
		if t.Models[r.Group] != r.ModelSum {
			return false
		}
	}
	return len(first) == len(t.Models)
}
