package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/sparsec/sparsec/ir/ckpt"
	"github.com/sparsec/sparsec/trainer"
	"github.com/sparsec/sparsec/trainer/data"
	"github.com/sparsec/sparsec/trainer/gemm"
	"github.com/sparsec/sparsec/trainer/prune"
)

var trainVerb = &verb{
	name:    "train",
	args:    "",
	summary: "train a model, pruning it on the way",
	detail: `Trains a network of recurrent layers, prunes it while it trains, and writes the one
with the best validation to a checkpoint. Without -data it learns the sources of
Go's standard library, a character at a time.

Progress goes to the standard error, as a bar on a terminal and as JSON lines
elsewhere; the outcome to the standard output. A run that is interrupted (SIGINT,
SIGTERM) or killed leaves OUT.resume beside its output, from which -resume goes on:
the result is the same, bit by bit, as that of a run that was not interrupted. A
run with the same settings, the same data and as many workers gives the same bits.

A validation scores -valid-limit characters (words, lines, values of frames) and
the test at the end -test-limit of them, the same ones every time and from all over
their part. A run whose loss is no number, stays above ten times that of a guess for
ten steps, or is above a thousand times that, has diverged and ends in an error.

Recordings (-task ctc) are an index, a table (.tsv) whose columns are named utt,
transcript, split and speaker, with their features (.f32le; columns offset_floats,
frames and, where they are not 100 a second, frame_rate), samples (.i16le;
offset_samples, samples and rate) or WAV files (file); or WAV files with a text of the
same name beside each. Where no split is named, speakers are held out. The network
with the fewest errors per character in validation is kept.

-config takes settings from a JSON file; a flag overrides what the file says.`,
	example: `sparsec train -hidden 256 -sparsity 0.9 -pattern lane8x8 -steps 4000 -o model.ckpt
sparsec train -prune-from dense.ckpt -sparsity 0.9 -plot schedule.png -o sparse.ckpt
sparsec train -data corpus.txt -cell lstm -sparsity 0.9 -rule 'lstm0.weight_hh[f]=0.2'
sparsec train -task ctc -data recordings -stack 2 -bidirectional -hidden 192,192 -streams 16 -epochs 20 -rate 0.002 -warmup 50
sparsec train -resume -o model.ckpt`,
	define: func(fs *flag.FlagSet) action {
		var t trainRun
		t.flags.fs = fs
		t.flags.define()
		fs.StringVar(&t.config, "config", "", "JSON `file` with settings")
		fs.StringVar(&t.start, "start", "", "`checkpoint` whose weights to start from; its zeros are the first masks")
		fs.StringVar(&t.dense, "prune-from", "", "`checkpoint` of a dense run, whose weights say how far the threshold of -prune ramp rises: for each type of matrix to the -sparsity-th part of them")
		fs.StringVar(&t.plot, "plot", "", "PNG `file` to draw densities and thresholds over the steps to")
		fs.StringVar(&t.out, "o", "model.ckpt", "`file` to write")
		fs.BoolVar(&t.force, "f", false, "replace the file if it is there, and forget an interrupted run")
		fs.BoolVar(&t.resume, "resume", false, "go on with the interrupted run of -o; its settings need not be given again")
		fs.StringVar(&t.progress, "progress", "auto", "`form` of progress: bar, json, none, or auto for bar on a terminal and else json")
		return t.run
	},
}

type trainRun struct {
	flags         trainFlags
	config, start string
	dense, plot   string
	out, progress string
	force, resume bool
}

func (t *trainRun) run(ctx context.Context, e *env, args []string) error {
	if len(args) > 0 {
		return usagef("want no argument; got %q (data are given by -data)", args[0])
	}
	observer, err := observerOf(t.progress, "train", e.stderr)
	if err != nil {
		return err
	}
	if err := t.room(); err != nil {
		return err
	}
	o := trainer.Options{Checkpoint: t.state(), Resume: t.resume, Observer: observer, Now: time.Now}
	cfg, err := t.settings(ctx, &o)
	if err != nil {
		return err
	}
	meter := gemm.RegisterMeter(1) // workers multiply side by side, each for itself
	result, err := trainer.Run(ctx, cfg, o)
	if err != nil {
		if _, bar := observer.(*trainer.Progress); bar {
			fmt.Fprintln(e.stderr) // leave the line of the bar
		}
		return t.ended(err)
	}
	if err := result.Save(t.out); err != nil {
		return err
	}
	if err := os.Remove(t.state()); err != nil {
		return err
	}
	if t.plot != "" {
		if err := drawMasks(t.plot, &result.Course); err != nil {
			return err
		}
	}
	return t.report(e.stdout, result, cfg.Workers, meter)
}

// state is the file that an interrupted run leaves.
func (t *trainRun) state() string { return t.out + ".resume" }

// room is an error if the files of the run cannot be written.
func (t *trainRun) room() error {
	if t.plot != "" {
		if err := replaceable(t.plot, t.force || t.resume); err != nil {
			return err
		}
	}
	if err := replaceable(t.out, t.force || t.resume); err != nil {
		return err
	}
	_, err := os.Stat(t.state())
	switch {
	case t.resume && err != nil:
		return fmt.Errorf("%s: no such file, want the checkpoint of an interrupted run of -o %s", t.state(), t.out)
	case !t.resume && !t.force && err == nil:
		return fmt.Errorf("%s: an interrupted run is here; go on with -resume, or begin anew with -f", t.state())
	}
	return nil
}

// settings are the configuration of the run: that of the interrupted run, of
// -config or of the start model's network, and the flags on top.
func (t *trainRun) settings(ctx context.Context, o *trainer.Options) (cfg trainer.Config, err error) {
	switch {
	case t.resume && (t.config != "" || t.start != "" || t.dense != ""):
		return cfg, usagef("-resume has the settings and weights of the interrupted run: want it without -config, -start and -prune-from")
	case t.resume:
		cfg, err = storedConfig(t.state())
	case t.config != "":
		cfg, err = readConfig(t.config)
	}
	if err != nil {
		return cfg, err
	}
	if t.start != "" {
		c, err := readCheckpoint(t.start)
		if err != nil {
			return cfg, err
		}
		o.Init = c.model
		if t.config == "" {
			if cfg.Model, err = startConfig(c); err != nil {
				return cfg, err
			}
		}
	}
	t.flags.apply(&cfg)
	if t.dense != "" {
		dense, err := readCheckpoint(t.dense)
		if err != nil {
			return cfg, err
		}
		if err := cfg.Pruning.FromDense(dense.model); err != nil {
			return cfg, fmt.Errorf("-prune-from %s: %w", t.dense, err)
		}
	}
	if cfg.Workers == 0 {
		cfg.Workers = runtime.GOMAXPROCS(0)
	}
	if err := completeData(ctx, &cfg.Data); err != nil {
		return cfg, err
	}
	if err := cfg.Validate(); err != nil {
		return cfg, usagef("%v", err)
	}
	return cfg, nil
}

// configKey is the trainer's metadata with its configuration.
const configKey = "config"

func storedConfig(path string) (cfg trainer.Config, err error) {
	_, meta, err := ckpt.ReadTensors(path)
	if err != nil {
		return cfg, err
	}
	if err := json.Unmarshal([]byte(meta[configKey]), &cfg); err != nil {
		return cfg, fmt.Errorf("%s: metadata %q: %w: not the checkpoint of a training run", path, configKey, err)
	}
	return cfg, nil
}

func readConfig(path string) (cfg trainer.Config, err error) {
	f, err := os.Open(path)
	if err != nil {
		return cfg, err
	}
	defer f.Close()
	dec := json.NewDecoder(f)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&cfg); err != nil {
		return cfg, fmt.Errorf("%s: %w", path, err)
	}
	return cfg, nil
}

// startConfig is the network of a model that was trained here, or nothing.
func startConfig(c *checkpoint) (trainer.ModelConfig, error) {
	text, ok := c.meta[configKey]
	if !ok {
		return trainer.ModelConfig{}, nil
	}
	var cfg trainer.Config
	if err := json.Unmarshal([]byte(text), &cfg); err != nil {
		return trainer.ModelConfig{}, fmt.Errorf("%s: metadata %q: %w", c.path, configKey, err)
	}
	return cfg.Model, nil
}

// completeData replaces folders by their files, and data that are not given by
// Go's own sources.
func completeData(ctx context.Context, d *trainer.DataConfig) error {
	if len(d.Paths) == 0 && d.Task == trainer.Image {
		folder, err := mnist(ctx)
		if err != nil {
			return err
		}
		d.Paths = []string{folder}
	}
	if len(d.Paths) == 0 {
		if d.GoRoot != "" || d.Task != "" && d.Task != trainer.Text {
			return nil
		}
		var err error
		d.GoRoot, err = goroot(ctx)
		return err
	}
	d.GoRoot = ""
	for _, paths := range []*[]string{&d.Paths, &d.ValidPaths, &d.TestPaths} {
		files, err := dataFiles(d.Task, *paths)
		if err != nil {
			return err
		}
		*paths = files
	}
	return nil
}

// dataFiles replaces folders by their files.
func dataFiles(task trainer.Task, paths []string) (files []string, err error) {
	for _, path := range paths {
		below, err := filesBelow(path)
		if err != nil {
			return nil, fmt.Errorf("-data %s: %w", path, err)
		}
		if task == trainer.CTC && len(below) > 1 { // a folder may hold a licence
			below = slices.DeleteFunc(below, func(file string) bool { return !data.IsSpeech(file) })
		}
		files = append(files, below...)
	}
	return files, nil
}

// filesBelow lists the regular files of a folder in the order of their paths,
// without hidden ones; a file is itself.
func filesBelow(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return []string{path}, err
	}
	var files []string
	err = filepath.WalkDir(path, func(name string, d os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name != path && d.Name()[0] == '.' && d.IsDir():
			return filepath.SkipDir
		case d.Name()[0] != '.' && d.Type().IsRegular():
			files = append(files, name)
		}
		return nil
	})
	if err == nil && len(files) == 0 {
		err = errors.New("no files in the folder")
	}
	return files, err
}

// ended says how to go on after a signal. Of a run that has diverged nothing is
// left: resumed with the same settings it would do so again.
func (t *trainRun) ended(err error) error {
	var diverged *trainer.DivergedError
	if errors.As(err, &diverged) {
		if gone := os.Remove(t.state()); !errors.Is(gone, os.ErrNotExist) {
			return errors.Join(err, gone)
		}
		return err
	}
	var stopped *trainer.InterruptedError
	if !errors.As(err, &stopped) {
		return err
	}
	// Without %w: a run that can go on is told apart from one that is lost.
	return fmt.Errorf("interrupted after step %d of %d; go on with: sparsec train -resume -o %s", stopped.Step, stopped.Total, t.out)
}

// report prints the outcome.
func (t *trainRun) report(w io.Writer, r *trainer.Result, workers int, m *gemm.Meter) error {
	early := ""
	if r.Early {
		early = ", stopped early"
	}
	fmt.Fprintf(w, "%d steps%s; best at step %d: %s in validation\n", r.Steps, early, r.BestStep, r.Valid)
	if r.Test != nil {
		fmt.Fprintf(w, "test: %s\n", r.Test)
	}
	if len(r.Pruned) > 0 {
		printReports(w, r.Pruned, "regrown", func(r prune.Report) string { return fmt.Sprint(r.RegrownTotal) })
	}
	fmt.Fprintln(w, speedLine(r.Times, workers, m))
	return outcome(w, t.out)
}
