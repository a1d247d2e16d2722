package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/trainer"
	"github.com/sparsec/sparsec/trainer/gemm"
	"github.com/sparsec/sparsec/trainer/prune"
	"github.com/sparsec/sparsec/trainer/sweep"
)

// place is the folder of a cell.
type place string

func (s *sweepRun) place(c *sweep.Cell) place { return place(filepath.Join(s.out, c.Name)) }

func (p place) file(name string) string { return filepath.Join(string(p), name) }

// state is the checkpoint of a cell in the middle.
func (p place) state() string { return p.file(sweep.ModelFile) + ".resume" }

func begun(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// runOne trains one cell in this process.
func (s *sweepRun) runOne(ctx context.Context, e *env) error {
	c, err := s.experiment.Find(s.cell)
	if err != nil {
		return err
	}
	if err := c.Unchanged(s.out); err != nil {
		return err
	}
	if r, err := c.Read(s.out); err != nil || r != nil {
		if err == nil {
			fmt.Fprintf(e.stdout, "%s: done before: %s\n", c.Name, r.Score())
		}
		return err
	}
	if err := s.begin(c); err != nil {
		return err
	}
	r, err := s.train(ctx, c)
	if err != nil {
		return fmt.Errorf("cell %s: %w", c.Name, err)
	}
	_, err = fmt.Fprintf(e.stdout, "%s: %s, density %s, %d parameters not zero, %.0f s\n", c.Name, r.Score(), percent(r.Density()), r.NonZero, r.Times.Total().Seconds())
	return err
}

// begin makes the folder of a cell with its configuration.
func (s *sweepRun) begin(c *sweep.Cell) error {
	p := s.place(c)
	if err := os.MkdirAll(string(p), 0o777); err != nil {
		return err
	}
	config, err := c.EncodeConfig()
	if err != nil {
		return err
	}
	return replaceFile(p.file(sweep.ConfigFile), config)
}

// train runs a cell to its end, from its checkpoint where there is one.
func (s *sweepRun) train(ctx context.Context, c *sweep.Cell) (*sweep.Result, error) {
	p := s.place(c)
	cfg, err := s.config(ctx, c)
	if err != nil {
		return nil, err
	}
	log, err := os.OpenFile(p.file(sweep.LogFile), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o666)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	lines := trainer.NewJSONLines(log)
	meter := gemm.RegisterMeter(1)
	o := trainer.Options{Checkpoint: p.state(), Resume: begun(p.state()), Observer: lines, Now: time.Now}
	result, err := trainer.Run(ctx, cfg, o)
	if err = errors.Join(err, lines.Err()); err != nil {
		return nil, err
	}
	r := s.result(c, cfg, result)
	r.Resumed, r.GFLOPS = o.Resume, float64(meter.Operations())/1e9/max(meter.Elapsed().Seconds(), 1e-9)
	return r, p.finish(result, r)
}

// below are paths from the folder of the data.
func (s *sweepRun) below(paths []string) (all []string) {
	for _, path := range paths {
		if !filepath.IsAbs(path) {
			path = filepath.Join(s.data, path)
		}
		all = append(all, path)
	}
	return all
}

// config is the configuration of a run, with what it takes from its surroundings:
// the place of the data, and the thresholds of a dense model.
func (s *sweepRun) config(ctx context.Context, c *sweep.Cell) (trainer.Config, error) {
	cfg := c.Config
	cfg.Data.Paths, cfg.Data.ValidPaths, cfg.Data.TestPaths = s.below(cfg.Data.Paths), s.below(cfg.Data.ValidPaths), s.below(cfg.Data.TestPaths)
	if err := completeData(ctx, &cfg.Data); err != nil {
		return cfg, err
	}
	if c.PruneFrom < 0 {
		return cfg, nil
	}
	dense, err := s.dense(ctx, &s.experiment.Cells[c.PruneFrom])
	if err != nil {
		return cfg, err
	}
	return cfg, cfg.Pruning.FromDense(dense)
}

// waiting is the time between two looks for a cell that another process trains.
const waiting = 2 * time.Second

// dense is the model of a cell that is done. With -wait the cell may be under way
// elsewhere.
func (s *sweepRun) dense(ctx context.Context, c *sweep.Cell) (*ir.Model, error) {
	for {
		r, err := c.Read(s.out)
		if err != nil {
			return nil, err
		}
		if r != nil {
			dense, err := readCheckpoint(s.place(c).file(sweep.ModelFile))
			if err != nil {
				return nil, err
			}
			return dense.model, nil
		}
		if !s.wait {
			return nil, fmt.Errorf("prunes from cell %s, which is not done", c.Name)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(waiting):
		}
	}
}

// result is what the file of a cell says, but for times and digests.
func (s *sweepRun) result(c *sweep.Cell, cfg trainer.Config, t *trainer.Result) *sweep.Result {
	r := &sweep.Result{
		Experiment: s.experiment.Name, Quick: s.quick, Index: c.Index, Name: c.Name, Group: c.Group, Seed: c.Seed,
		Steps: t.Steps, BestStep: t.BestStep, Valid: t.Valid, Test: t.Test,
		Matrices: sweep.Shares(t.Pruned), Course: t.Course, Times: t.Times,
		Workers: max(cfg.Workers, 1), Version: moduleVersion(),
		CPU: fmt.Sprintf("%s/%s, %d", runtime.GOOS, runtime.GOARCH, runtime.NumCPU()),
	}
	// What the settings name, not where this machine has it.
	r.Config = cfg
	at, named := &r.Config.Data, c.Config.Data
	at.Paths, at.ValidPaths, at.TestPaths, at.GoRoot = named.Paths, named.ValidPaths, named.TestPaths, ""
	r.Kept, r.Prunable = prune.Total(t.Pruned)
	for _, p := range t.Model.Params {
		r.Parameters += len(p.Data)
		for _, v := range p.Data {
			if v != 0 {
				r.NonZero++
			}
		}
	}
	return r
}

// finish writes the model, then the result, by which the cell is done.
func (p place) finish(t *trainer.Result, r *sweep.Result) error {
	if err := t.Save(p.file(sweep.ModelFile)); err != nil {
		return err
	}
	if len(t.Course.Masks) > 0 {
		if err := drawMasks(p.file(sweep.MasksFile), &t.Course); err != nil {
			return err
		}
	}
	for name, sum := range map[string]*string{sweep.ConfigFile: &r.ConfigSum, sweep.LogFile: &r.LogSum, sweep.ModelFile: &r.ModelSum} {
		content, err := os.ReadFile(p.file(name))
		if err != nil {
			return err
		}
		digest := sha256.Sum256(content)
		*sum = hex.EncodeToString(digest[:])
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := replaceFile(p.file(sweep.ResultFile), append(text, '\n')); err != nil {
		return err
	}
	if err := os.Remove(p.state()); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
