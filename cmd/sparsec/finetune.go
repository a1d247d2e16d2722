package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"runtime"
	"time"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/ckpt"
	"github.com/sparsec/sparsec/trainer"
	"github.com/sparsec/sparsec/trainer/gemm"
	"github.com/sparsec/sparsec/trainer/prune"
)

var finetuneVerb = &verb{
	name:    "finetune",
	args:    modelArgs,
	summary: "prune a model of any file while it is trained further",
	detail: `Trains the weights of a model further while they are pruned, and writes the model
with the best validation to a checkpoint: the same graph with other values. It says
how good the model was, how good it is when pruned at once, and after fine-tuning.

` + modelFiles + `
It must be a chain of embeddings, RNN, GRU and LSTM, Linear, normalisations and the
functions tanh, sigmoid and relu; what is of another kind is listed.

The data are an .npz of two arrays, as numpy.savez("FILE.npz", x=x, y=y) writes it:
x, [sequences steps width] or, of a model of indices, [sequences steps], and y, a
class for each sequence or each step, or a vector for each step. One long sequence
has no first axis and is cut into pieces of -segment steps. They are divided in their
order (-split), so that the test can be of what the model has not seen. Else the data
are what train takes (-task): a model that was trained here reads them as it did then,
another one takes the bytes of a text for indices below 256, and columns of frames as
they are.`,
	example: `sparsec finetune -data calls.npz -sparsity 0.9 -pattern lane8x8 model.safetensors -o pruned.ckpt
sparsec finetune -data corpus.txt -steps 2000 model.ckpt`,
	define: func(fs *flag.FlagSet) action {
		var f finetune
		f.flags.fs = fs
		f.flags.data()
		f.flags.learning()
		f.flags.pruning()
		f.flags.course()
		f.from.define(fs)
		fs.StringVar(&f.out, "o", "finetuned.ckpt", "`file` to write")
		fs.BoolVar(&f.force, "f", false, "replace the file if it is there")
		fs.StringVar(&f.progress, "progress", "auto", "`form` of progress: bar, json, none, or auto for bar on a terminal and else json")
		return f.run
	},
}

type finetune struct {
	flags         trainFlags
	from          importFlags
	out, progress string
	force         bool
}

func (f *finetune) run(ctx context.Context, e *env, args []string) error {
	path, err := one(args, "a model")
	if err != nil {
		return err
	}
	observer, err := observerOf(f.progress, "finetune", e.stderr)
	if err != nil {
		return err
	}
	if err := replaceable(f.out, f.force); err != nil {
		return err
	}
	c, err := e.model(path, f.from)
	if err != nil {
		return err
	}
	if _, err := trainer.FromModel(c.model); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	corpus, cfg, err := f.data(ctx, c)
	if err != nil {
		return err
	}
	gemm.Register(1) // workers multiply side by side, each for itself
	q := pruningScores{corpus: corpus, cfg: cfg}
	if err := q.untrained(ctx, c.model); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	result, err := trainer.Run(ctx, cfg, trainer.Options{Corpus: corpus, Model: c.model, Observer: observer, Now: time.Now})
	if _, bar := observer.(*trainer.Progress); bar && err != nil {
		fmt.Fprintln(e.stderr) // leave the line of the bar
	}
	if err == nil {
		q.finetuned, err = q.score(ctx, result.Model)
	}
	if err != nil {
		return err
	}
	if err := ckpt.Write(f.out, result.Model, finetunedMeta(c.meta, result.Meta)); err != nil {
		return err
	}
	if len(result.Pruned) > 0 {
		printReports(e.stdout, result.Pruned, "regrown", func(r prune.Report) string { return fmt.Sprint(r.RegrownTotal) })
	}
	q.print(e.stdout)
	return outcome(e.stdout, f.out)
}

// data reads the data, and completes the settings by what they are.
func (f *finetune) data(ctx context.Context, c *checkpoint) (*trainer.Corpus, trainer.Config, error) {
	cfg, like, err := ownSettings(c)
	if err != nil {
		return nil, cfg, err
	}
	f.flags.apply(&cfg)
	if cfg.Workers == 0 {
		cfg.Workers = runtime.GOMAXPROCS(0)
	}
	if cfg.Pruning.Schedule == "" && cfg.Pruning.Density == 0 {
		cfg.Pruning.Density = 0.1
	}
	if cfg.Optimizer.Rate == 0 {
		cfg.Optimizer.Rate = finetuneRate
	}
	var corpus *trainer.Corpus
	if path, ok := arraysPath(cfg.Data.Paths); ok {
		corpus, err = arraysCorpus(path, c.model, &cfg)
	} else {
		corpus, err = f.corpus(ctx, c, &cfg, like)
	}
	if err != nil {
		return nil, cfg, err
	}
	if err := cfg.Validate(); err != nil {
		return nil, cfg, usagef("%v", err)
	}
	return corpus, cfg, nil
}

// finetuneRate is the highest rate where none is given, a third of what untrained
// weights begin with.
const finetuneRate = 0.001

// ownSettings are how the data of a model that was trained here were read, and what
// they meant; of another model there is nothing.
func ownSettings(c *checkpoint) (cfg trainer.Config, like *trainer.Meta, err error) {
	text, ok := c.meta[configKey]
	if !ok {
		return cfg, nil, nil
	}
	var own trainer.Config
	if err := json.Unmarshal([]byte(text), &own); err != nil {
		return cfg, nil, fmt.Errorf("%s: metadata %q: %w", c.path, configKey, err)
	}
	cfg.Data, cfg.Seed, cfg.Streams, cfg.Segment = own.Data, own.Seed, own.Streams, own.Segment
	if like, err = trainer.ReadMeta(c.meta); err != nil {
		return cfg, nil, fmt.Errorf("%s: %w", c.path, err)
	}
	return cfg, like, nil
}

// corpus reads data as train does.
func (f *finetune) corpus(ctx context.Context, c *checkpoint, cfg *trainer.Config, like *trainer.Meta) (*trainer.Corpus, error) {
	if err := completeData(ctx, &cfg.Data); err != nil {
		return nil, err
	}
	if like == nil {
		var err error
		if like, err = foreignReading(c, &cfg.Data); err != nil {
			return nil, err
		}
	}
	if cfg.Data.Task == "" {
		cfg.Data.Task = like.Task
	}
	return trainer.LoadCorpusFor(cfg.Data, cfg.Seed, like)
}

// foreignReading is how a model that was not trained here reads data, of which it
// says nothing: bytes as their numbers, frames as they are.
func foreignReading(c *checkpoint, d *trainer.DataConfig) (*trainer.Meta, error) {
	switch d.Task {
	case trainer.Frames:
		d.Raw = true
		return &trainer.Meta{Task: trainer.Frames}, nil
	case trainer.Text, "":
		if in := c.model.Inputs[0].Type; in.DType == ir.Index && in.Bound == 256 {
			d.Bytes = true
			return trainer.ByteText()
		}
	}
	return nil, usagef("%s: does not say how its data are read: want arrays (-data FILE.npz), columns of frames (-task frames), or bytes of a text for a model of 256 indices", c.path)
}

// finetunedMeta is the metadata of the model with the new score.
func finetunedMeta(own, result map[string]string) map[string]string {
	meta := maps.Clone(own)
	if meta == nil {
		meta = map[string]string{}
	}
	meta[scoreKey] = result[scoreKey]
	return meta
}

// scoreKey is the trainer's metadata with the best validation.
const scoreKey = "score"

// pruningScores say how good the model is, on the test part where there is one, else on
// that of the validation.
type pruningScores struct {
	corpus            *trainer.Corpus
	cfg               trainer.Config
	before, finetuned trainer.Score
	atOnce            *trainer.Score // nil where no density is wanted
}

// untrained scores the model as it is, and pruned at once to the density that
// fine-tuning goes to.
func (q *pruningScores) untrained(ctx context.Context, m *ir.Model) (err error) {
	if q.before, err = q.score(ctx, m); err != nil {
		return err
	}
	p := q.cfg.WithDefaults().Pruning
	if p.Density == 0 {
		return nil
	}
	o := prune.Options{Density: p.Density, Pattern: p.Pattern}
	if o.Rules, err = parseRules(p.Rules); err != nil {
		return err
	}
	pruned := clone(m)
	if _, err := prune.Once(o, pruningParams(pruned)); err != nil {
		return err
	}
	score, err := q.score(ctx, pruned)
	q.atOnce = &score
	return err
}

func (q *pruningScores) part() trainer.Part {
	if q.corpus.Len(trainer.Test) > 0 {
		return trainer.Test
	}
	return trainer.Valid
}

func (q *pruningScores) score(ctx context.Context, m *ir.Model) (trainer.Score, error) {
	cfg := q.cfg.WithDefaults()
	return trainer.EvaluateUpTo(ctx, m, q.corpus, q.part(), cfg.Streams, cfg.TestLimit)
}

func (q *pruningScores) print(w io.Writer) {
	t := newTable(w, fmt.Sprintf("%s part, %d targets", q.part(), q.before.Count), "")
	t.row("as it was", q.before)
	if q.atOnce != nil {
		t.row("pruned at once", q.atOnce)
	}
	t.row("fine-tuned", q.finetuned)
	t.flush()
}
