package trainer

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/ckpt"
	"github.com/sparsec/sparsec/trainer/data"
	"github.com/sparsec/sparsec/trainer/nn"
	"github.com/sparsec/sparsec/trainer/optim"
	"github.com/sparsec/sparsec/trainer/prune"
)

// Options are what a run has beside its configuration.
type Options struct {
	// Name of the model; "model".
	Name string
	// Corpus is used instead of reading the configured data again. It must be what
	// LoadCorpus returned for it.
	Corpus *Corpus
	// Init is the model whose values the run starts from instead of drawn ones. Its
	// parameters must be those of the configured network. With pruning its exact
	// zeros are the first masks.
	Init *ir.Model
	// Model, if it is set, is trained further in place of the configured network, see
	// [FromModel] for what it may be: the result is that graph with other values. Its
	// exact zeros are the first masks too.
	Model *ir.Model
	// Checkpoint is the path of the file that a run can be resumed from; without
	// one nothing is saved.
	Checkpoint string
	// Resume goes on from Checkpoint.
	Resume   bool
	Observer Observer
	// Now is the clock of events; without one they hold no times.
	Now func() time.Time
}

// Trainer is one run. It is not safe for concurrent use; several of them may run
// at the same time.
type Trainer struct {
	cfg    Config
	opts   Options
	corpus *Corpus

	model     *nn.Stack[float32]
	params    []*nn.Param[float32]
	trained   []*nn.Param[float32] // those that gradients change
	run, eval *nn.Parallel[float32]
	source    data.Source
	optimizer optim.Optimizer[float32]
	rates     optim.Schedule
	pruner    *prune.Pruner // nil without pruning
	masked    []prune.Param // the parameters as the pruner sees them
	masking   span          // steps between which masks change
	settled   int           // step from which masks stay as they are
	trivial   float64       // loss that divergence is measured by
	total     int           // steps

	batch    nn.Batch[float32]
	at       progress
	best     [][]float32 // values of the parameters at the best validation
	times    Times
	started  time.Time
	lastStep time.Time
}

// progress is how far a run has come, and what it remembers beside tensors.
type progress struct {
	Step      int           `json:"step"`      // optimiser steps done
	Position  data.Position `json:"position"`  // of the training data
	Validated int           `json:"validated"` // step of the last validation
	Waited    int           `json:"waited"`    // validations since the best one
	Train     nn.Tally      `json:"train"`     // since the last validation
	Best      *Score        `json:"best"`      // nil before pruning has ended
	BestStep  int           `json:"best_step"`
	Stopped   bool          `json:"stopped"`   // by Patience
	Diverging int           `json:"diverging"` // steps in a row whose loss is out of bounds
	Course    Course        `json:"course"`
}

// Result is what a run has made.
type Result struct {
	Model *ir.Model         // with the best validation; pruned weights are exactly 0
	Meta  map[string]string // for the model's file, see [ReadMeta]

	Steps    int // done
	BestStep int // of the model
	Early    bool
	Valid    Score
	Test     *Score         // nil where the split leaves no test part
	Pruned   []prune.Report // as the model has it; nil without pruning
	Course   Course
	Times    Times
}

// Save writes the model.ckpt.
func (r *Result) Save(path string) error { return ckpt.Write(path, r.Model, r.Meta) }

// Run is [New] and [Trainer.Run].
func Run(ctx context.Context, cfg Config, opts Options) (*Result, error) {
	t, err := New(cfg, opts)
	if err != nil {
		return nil, err
	}
	return t.Run(ctx)
}

// New reads the data, builds the network and checks that all fits together. With
// Options.Resume it reads the checkpoint, and lists where that contradicts the
// configuration.
func New(cfg Config, opts Options) (*Trainer, error) {
	cfg = cfg.WithDefaults()
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if opts.Resume && opts.Checkpoint == "" {
		return nil, errors.New("resume: no path of a checkpoint")
	}
	setDefault(&opts.Name, "model")
	t := &Trainer{cfg: cfg, opts: opts, corpus: opts.Corpus}
	for _, phase := range []func() error{t.loadData, t.build, t.prepare, t.restore} {
		if err := phase(); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// loadData reads the corpus and the training source.
func (t *Trainer) loadData() (err error) {
	if t.corpus == nil {
		if t.corpus, err = LoadCorpus(t.cfg.Data, t.cfg.Seed); err != nil {
			return err
		}
	}
	if t.corpus.Task != t.cfg.Data.Task {
		return fmt.Errorf("data: corpus of task %s, want %s", t.corpus.Task, t.cfg.Data.Task)
	}
	t.trivial = t.corpus.Trivial()
	if t.source, err = t.corpus.source(Train, reading{t.cfg.Streams, t.cfg.Segment, true, t.cfg.Seed}); err != nil {
		return fmt.Errorf("%w (%s)", err, t.cfg.Data.origin())
	}
	// A part too small to validate on is better known now than after an epoch.
	if _, err := t.corpus.source(Valid, t.validation()); err != nil {
		return fmt.Errorf("%w (%s)", err, t.cfg.Data.origin())
	}
	return nil
}

// validation is how the parts that are not trained on are read.
func (t *Trainer) validation() reading {
	return reading{streams: t.cfg.Streams, segment: t.cfg.Segment}
}

// build makes the network with its first values.
func (t *Trainer) build() (err error) {
	if t.opts.Model != nil {
		if t.model, err = networkOf(t.opts.Model, t.corpus); err == nil {
			t.listParams()
		}
		return err
	}
	if t.model, err = t.cfg.Model.network(t.corpus); err != nil {
		return err
	}
	t.model.Init(rand.New(rand.NewPCG(t.cfg.Seed, initStream)))
	t.listParams()
	if t.opts.Init == nil {
		return nil
	}
	return load(t.params, t.opts.Init)
}

// listParams lists the parameters, and those that gradients change.
func (t *Trainer) listParams() {
	t.params = t.model.Params()
	t.trained = slices.DeleteFunc(slices.Clone(t.params), func(p *nn.Param[float32]) bool { return p.Fixed })
}

// result is the model with the values of the network.
func (t *Trainer) result() (*ir.Model, error) {
	if t.opts.Model == nil {
		return Export(t.opts.Name, t.model)
	}
	m := t.opts.Model.Clone()
	for _, p := range t.params {
		if q := m.Param(p.Name); q != nil { // else a bias that the model does not have
			q.Data = slices.Clone(p.Value)
		}
	}
	return m, nil
}

// sparseBelow is the density below which products in training leave pruned weights
// out. Above it dense ones are as fast.
const sparseBelow = 0.2

// Streams of random numbers that one seed stands for.
const (
	initStream = iota
	dropoutStream
)

// load copies the values of a model of the same parameters.
func load(params []*nn.Param[float32], m *ir.Model) error {
	var errs []error
	for _, p := range params {
		switch q := m.Param(p.Name); {
		case q == nil:
			errs = append(errs, fmt.Errorf("start model: tensor %q: is not there", p.Name))
		case len(q.Data) != len(p.Value) || q.Shape[0] != p.Rows:
			errs = append(errs, fmt.Errorf("start model: tensor %q: shape %v, want [%d %d]", p.Name, q.Shape, p.Rows, p.Cols))
		default:
			copy(p.Value, q.Data)
		}
	}
	if len(m.Params) != len(params) {
		errs = append(errs, fmt.Errorf("start model: %d tensors, want %d", len(m.Params), len(params)))
	}
	return errors.Join(errs...)
}

// prepare makes what works on the network.
func (t *Trainer) prepare() (err error) {
	perEpoch := t.source.Batches()
	t.total = t.cfg.Steps
	if t.total == 0 {
		t.total = t.cfg.Epochs * perEpoch
	}
	setDefault(&t.cfg.ValidateEvery, perEpoch)
	setDefault(&t.cfg.CheckpointEvery, t.cfg.ValidateEvery)
	t.run = nn.NewParallel(t.model, lossOf(t.cfg.Data.Task), t.cfg.Workers)
	t.eval = t.run.Evaluator()
	t.run.Clock = t.opts.Now
	if !t.cfg.DenseProducts {
		t.run.SparseBelow = sparseBelow
	}
	t.optimizer = t.cfg.Optimizer.optimizer(t.trained)
	t.rates = t.cfg.Optimizer.rates(t.total, perEpoch)
	if err := t.rates.Validate(); err != nil {
		return err
	}
	t.masked = pruneParams(t.params)
	t.masking = t.cfg.Pruning.span(t.total, perEpoch)
	if t.pruner, t.settled, err = t.cfg.Pruning.pruner(t.masked, t.total, perEpoch); err != nil {
		return err
	}
	if t.settled > t.total {
		return fmt.Errorf("pruning: ends at step %d of %d, want it to end before the run does", t.settled, t.total)
	}
	if t.pruner != nil && (t.opts.Init != nil || t.opts.Model != nil) {
		return t.pruner.Adopt(t.masked)
	}
	return nil
}
