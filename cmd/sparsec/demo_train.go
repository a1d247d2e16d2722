package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/sparse"
	"github.com/sparsec/sparsec/trainer/data"
	"github.com/sparsec/sparsec/trainer/gemm"
	"github.com/sparsec/sparsec/trainer/nn"
	"github.com/sparsec/sparsec/trainer/optim"
	"github.com/sparsec/sparsec/trainer/prune"
)

// demoTraining says how the demo's two models are trained: on the same batches
// from the same start, one of them pruned on the way.
type demoTraining struct {
	embed, hidden   int
	streams, window int // a batch is that many streams of so many characters
	updates         int
	limit           time.Duration // fewer updates on a machine that would take longer
	rate            float64
	density         float64
	pattern         sparse.Pattern
	seed            uint64
}

// trained is a finished run.
type trained struct {
	model *ir.Model
	meta  map[string]string
	bits  float64 // per character of the held-out text
}

// demoRun is one of the runs.
type demoRun struct {
	demoTraining
	text    *demoText
	stack   *nn.Stack[float32]
	params  []*nn.Param[float32]
	net     *nn.Parallel[float32]
	source  *data.Text
	pruner  *prune.Pruner // nil in the dense run
	shared  []prune.Param // the parameters as the pruner sees them
	optimum *optim.Adam[float32]
}

// trainBoth trains the dense and the sparse model at the same time, each on one
// core.
func trainBoth(ctx context.Context, t *demoText, d demoTraining, p *demoProgress) (dense, pruned *trained, err error) {
	gemm.Register(1)
	if d.updates, err = d.affordable(ctx, t); err != nil {
		return nil, nil, err
	}
	var results [2]*trained
	var errs [2]error
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wait sync.WaitGroup
	for i := range results {
		wait.Go(func() {
			if results[i], errs[i] = d.train(ctx, t, i == 1, func(done int, text string) { p.report(i, done, d.updates, text) }); errs[i] != nil {
				cancel()
			}
		})
	}
	wait.Wait()
	p.finish()
	for _, err := range errs {
		if err != nil && !errors.Is(err, context.Canceled) {
			return nil, nil, err
		}
	}
	return results[0], results[1], errors.Join(errs[:]...)
}

// probeUpdates are timed to know what the machine can afford.
const probeUpdates = 12

// affordable is the number of updates that fit into the limit: those wanted, if
// the machine is fast enough.
func (d demoTraining) affordable(ctx context.Context, t *demoText) (int, error) {
	wanted := d.updates
	d.updates = probeUpdates
	var runs [2]*demoRun
	for i := range runs {
		var err error
		if runs[i], err = newDemoRun(t, d, false); err != nil {
			return 0, err
		}
	}
	var errs [2]error
	var wait sync.WaitGroup
	start := time.Now()
	for i, r := range runs {
		wait.Go(func() { errs[i] = r.steps(ctx, func(int, string) {}) })
	}
	wait.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		return 0, err
	}
	each := time.Since(start) / probeUpdates
	return max(min(wanted, int(d.limit/max(each, 1))), 20), nil
}

// train trains one model and measures it.
func (d demoTraining) train(ctx context.Context, t *demoText, pruned bool, report func(done int, text string)) (*trained, error) {
	r, err := newDemoRun(t, d, pruned)
	if err != nil {
		return nil, err
	}
	if err := r.steps(ctx, report); err != nil {
		return nil, err
	}
	bits, err := r.evaluate(ctx)
	if err != nil {
		return nil, err
	}
	units, err := t.vocabulary.MarshalText()
	if err != nil {
		return nil, err
	}
	m := r.graph()
	return &trained{model: m, bits: bits, meta: map[string]string{"vocabulary": string(units)}}, m.Verify()
}

func newDemoRun(t *demoText, d demoTraining, pruned bool) (*demoRun, error) {
	r := &demoRun{demoTraining: d, text: t}
	classes := t.vocabulary.Size()
	var err error
	r.stack, err = nn.NewStack(nn.InputKind{Bound: classes},
		nn.Layer[float32](nn.NewEmbedding[float32]("embed", classes, d.embed)),
		nn.Layer[float32](nn.NewGRU[float32]("gru0", d.embed, d.hidden, nn.ResetAfter, nn.Tanh, 0)),
		nn.Layer[float32](nn.NewLinear[float32]("out", d.hidden, classes)))
	if err != nil {
		return nil, err
	}
	r.stack.Init(rand.New(rand.NewPCG(d.seed, 0)))
	r.params = r.stack.Params()
	r.net = nn.NewParallel(r.stack, nn.Loss[float32](&nn.CrossEntropy[float32]{}), 1)
	r.optimum = optim.NewAdam(r.params, optim.AdamConfig{Beta2: .99})
	if r.source, err = data.NewText(t.train, d.streams, d.window); err != nil {
		return nil, err
	}
	if !pruned {
		return r, nil
	}
	for _, p := range r.params {
		r.shared = append(r.shared, pruningView(p))
	}
	r.pruner, err = prune.New(prune.Options{
		Schedule: d.schedule(), Pattern: d.pattern, Density: d.density,
	}, r.shared)
	return r, err
}

// schedule begins when the first things are learnt and leaves a third of the
// updates to what is left of the weights.
func (d *demoTraining) schedule() prune.Cubic {
	return prune.Cubic{Begin: d.updates / 10, End: max(d.updates*2/3, d.updates/10+1), Freq: max(d.updates/60, 1)}
}

func pruningView(p *nn.Param[float32]) prune.Param {
	v := prune.Param{Name: p.Name, Rows: p.Rows, Cols: p.Cols, Value: p.Value, Prunable: p.Prunable}
	for _, b := range p.Blocks {
		v.Gates = append(v.Gates, prune.Gate{Name: b.Gate, Rows: sparse.Span{From: b.Start, To: b.End}})
	}
	return v
}

// steps makes all updates.
func (r *demoRun) steps(ctx context.Context, report func(done int, text string)) error {
	rate := optim.Warmup{Steps: r.updates / 20, Then: optim.Cosine{Base: r.rate, Floor: r.rate / 50, Steps: r.updates}}
	var b nn.Batch[float32]
	smooth := math.Log2(float64(r.text.vocabulary.Size()))
	for i := range r.updates {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := r.next(&b); err != nil {
			return err
		}
		tally, err := r.net.Step(&b, 0)
		if err != nil {
			return err
		}
		optim.ClipGlobalNorm(r.params, 1)
		r.optimum.Step(rate.Rate(i))
		if r.pruner != nil {
			if err := r.pruner.AfterStep(i+1, r.shared); err != nil {
				return err
			}
		}
		smooth += (tally.Mean()/math.Ln2 - smooth) / min(float64(i+1), 50)
		if (i+1)%reportEvery == 0 || i+1 == r.updates {
			report(i+1, fmt.Sprintf("%.2f bits/char%s", smooth, r.kept()))
		}
	}
	return nil
}

// reportEvery is the number of updates between two reports.
const reportEvery = 5

// next is the next batch, of the next epoch after the last.
func (r *demoRun) next(b *nn.Batch[float32]) error {
	err := r.source.Next(b)
	if errors.Is(err, io.EOF) {
		err = r.source.Next(b)
	}
	return err
}

// kept says how many of the pruned tensors' weights are left.
func (r *demoRun) kept() string {
	if r.pruner == nil {
		return ""
	}
	left, all := 0, 0
	for _, t := range r.pruner.Report() {
		left, all = left+t.Kept, all+t.Weights
	}
	return fmt.Sprintf(", %.0f %% of weights", 100*ratio(left, all))
}

// evaluate is the mean bits per character of the held-out text.
func (r *demoRun) evaluate(ctx context.Context) (float64, error) {
	source, err := data.NewText(r.text.held, r.streams, r.window)
	if err != nil {
		return 0, err
	}
	net := r.net.Evaluator()
	var total nn.Tally
	var b nn.Batch[float32]
	for {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		err := source.Next(&b)
		if errors.Is(err, io.EOF) {
			return total.Mean() / math.Ln2, nil
		}
		if err != nil {
			return 0, err
		}
		tally, err := net.Evaluate(&b)
		if err != nil {
			return 0, err
		}
		total.Add(tally)
	}
}

// graph is the model as the compiler reads it.
func (r *demoRun) graph() *ir.Model {
	classes := r.text.vocabulary.Size()
	m := &ir.Model{
		Name:    demoPackage,
		Inputs:  []ir.Input{{Name: "char", Type: ir.IndexOf(classes)}},
		States:  []ir.State{{Name: "gru0.h", Size: r.hidden}},
		Outputs: []string{"logits"},
		Nodes: []ir.Node{
			{Name: "embed", Op: ir.Embedding{Weight: "embed.weight"}, Inputs: []string{"char"}},
			{Name: "gru0", Op: ir.GRU{
				WeightIH: "gru0.weight_ih", WeightHH: "gru0.weight_hh", BiasIH: "gru0.bias_ih", BiasHH: "gru0.bias_hh",
				H: "gru0.h", Reset: ir.ResetAfter, Func: ir.Tanh}, Inputs: []string{"embed"}},
			{Name: "logits", Op: ir.Linear{Weight: "out.weight", Bias: "out.bias"}, Inputs: []string{"gru0"}},
		},
	}
	for _, p := range r.params {
		shape := []int{p.Rows, p.Cols}
		if p.Cols == 1 {
			shape = shape[:1]
		}
		m.Params = append(m.Params, &ir.Param{Name: p.Name, Shape: shape, Data: p.Value})
	}
	return m
}
