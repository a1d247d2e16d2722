package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/sparsec/sparsec/trainer/sweep"
)

var sweepVerb = &verb{
	name:    "sweep",
	args:    "experiment.toml",
	summary: "train a grid of models and compare them",
	detail: `Reads an experiment, trains each of its cells in a process of its own, and writes
FOLDER/report.html, its tables as report.md with the pictures beside it, and
results.jsonl. What is done is not done again: interrupted or killed, the same command goes on, a cell in
the middle from its checkpoint, with the same bits.

A cell has a folder: its configuration, its log of JSON lines, model.ckpt, and
result.json when it is done. Cells may therefore run anywhere: -cell runs one,
-report collects what a shared folder holds. -manifest prints a Kubernetes Indexed
Job, for Kueue, whose indexes run one cell each; sparsec schedules nothing there.

-bench also compiles the model of the first seed of each kind of cell, builds all
of them into one program, and times them in turns: quality against measured time.

The format of experiments is in the documentation of package trainer/sweep.`,
	example: `sparsec sweep -quick -data ../data cmd/sparsec/experiments/warpeace.toml
sparsec sweep -data ../data -bench -o warpeace cmd/sparsec/experiments/warpeace.toml
sparsec sweep -manifest -image registry/sparsec:1 -queue research -claim shared cmd/sparsec/experiments/an4.toml | kubectl apply -f -`,
	define: func(fs *flag.FlagSet) action {
		var s sweepRun
		fs.StringVar(&s.out, "o", "", "`folder` of the results (default: the experiment's name)")
		fs.StringVar(&s.data, "data", "", "`folder` that paths of data start from (default: that of the experiment)")
		fs.BoolVar(&s.quick, "quick", false, "the quick form of the experiment, in a folder of its own")
		fs.IntVar(&s.jobs, "jobs", 1, "`cells` that are trained at the same time")
		fs.BoolVar(&s.bench, "bench", false, "time the compiled models, when all are trained")
		fs.DurationVar(&s.budget, "bench-time", 10*time.Second, "how long to measure")
		fs.BoolVar(&s.list, "list", false, "list the cells and how far they are")
		fs.BoolVar(&s.report, "report", false, "train nothing: collect what is done, and write the report")
		fs.StringVar(&s.cell, "cell", "", "`number` or name of a cell: train that one only, in this process")
		fs.BoolVar(&s.wait, "wait", false, "with -cell: wait for the cell that it prunes from")
		s.job.define(fs)
		return s.run
	},
}

type sweepRun struct {
	out, data          string
	quick, bench       bool
	list, report, wait bool
	cell               string
	jobs               int
	budget             time.Duration
	job                jobFlags
	path               string // of the experiment
	experiment         *sweep.Experiment
}

func (s *sweepRun) run(ctx context.Context, e *env, args []string) (err error) {
	if s.path, err = one(args, "an experiment (experiment.toml)"); err != nil {
		return err
	}
	if err := s.check(); err != nil {
		return err
	}
	source, err := os.ReadFile(s.path)
	if err != nil {
		return err
	}
	if s.experiment, err = sweep.Parse(s.path, source, s.quick); err != nil {
		return err
	}
	if s.out == "" {
		s.out = s.experiment.Folder()
	}
	if s.data == "" {
		s.data = filepath.Dir(s.path)
	}
	switch {
	case s.job.manifest:
		return s.experiment.Manifest(e.stdout, s.job.Job)
	case s.list:
		return s.printCells(e.stdout)
	case s.cell != "":
		return s.runOne(ctx, e)
	}
	return s.runAll(ctx, e)
}

// check refuses flags that do not go together.
func (s *sweepRun) check() error {
	modes := 0
	for _, on := range []bool{s.job.manifest, s.list, s.cell != "", s.report} {
		if on {
			modes++
		}
	}
	switch {
	case modes > 1:
		return usagef("want one of -manifest, -list, -cell and -report")
	case s.wait && s.cell == "":
		return usagef("-wait: want it with -cell")
	case s.jobs < 1:
		return usagef("-jobs %d: want at least 1", s.jobs)
	}
	return nil
}

// runAll trains what is not done, and reports.
func (s *sweepRun) runAll(ctx context.Context, e *env) error {
	results, err := s.experiment.Collect(s.out)
	if err != nil {
		return err
	}
	if !s.report {
		if err := os.MkdirAll(s.out, 0o777); err != nil {
			return err
		}
		if err := s.trainAll(ctx, e, results); err != nil {
			return err
		}
		if results, err = s.experiment.Collect(s.out); err != nil {
			return err
		}
	}
	done := doneOnly(results)
	if len(done) == 0 {
		return fmt.Errorf("%s: no cell is done", s.out)
	}
	times, err := s.times(ctx, e, done)
	if err != nil {
		return err
	}
	return errors.Join(s.writeReport(e.stdout, done, times), ctx.Err())
}

// doneOnly leaves out the cells that are not done.
func doneOnly(results []*sweep.Result) []*sweep.Result {
	var done []*sweep.Result
	for _, r := range results {
		if r != nil {
			done = append(done, r)
		}
	}
	return done
}
