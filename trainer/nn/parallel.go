package nn

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Parallel runs a network over the streams of a batch, which are divided among
// workers in contiguous ranges. Each worker has a replica; their gradients and
// tallies are added in the order of the workers, so that the result is the same
// bits for the same number of workers, and the same up to rounding for another.
type Parallel[T Float] struct {
	// Clock, where it is set, times the passes of every worker, see
	// [Parallel.Elapsed]. It changes no result.
	Clock func() time.Time
	// SparseBelow and ZerosStay are those of the passes of [Parallel.Step], see [Pass].
	// What [Parallel.Evaluate] scores does not depend on them.
	SparseBelow float64
	ZerosStay   bool

	model   *Stack[T]
	loss    Loss[T]
	workers []*worker[T] // the first one runs model itself
	streams int          // of the last batch
}

// worker is a replica and its part of the batch.
type worker[T Float] struct {
	model         *Stack[T]
	params        []*Param[T]
	loss          Loss[T]
	input, target Seq[T]
	from, to      int // streams
	tally         Tally
	times         PassTimes
}

// NewParallel makes replicas of model and loss for workers goroutines. It panics
// unless workers is positive. From now on model belongs to the Parallel, except
// for the values and, after a Step, the gradients of its parameters.
func NewParallel[T Float](model *Stack[T], loss Loss[T], workers int) *Parallel[T] {
	if workers < 1 {
		panic(fmt.Sprintf("nn: %d workers, want at least one", workers))
	}
	p := &Parallel[T]{model: model, loss: loss}
	for i := range workers {
		w := &worker[T]{model: model, loss: loss}
		if i > 0 {
			w.model, w.loss = model.Replica(), loss.Replica()
		}
		w.params = w.model.Params()
		p.workers = append(p.workers, w)
	}
	return p
}

// Evaluator returns a Parallel over the same parameter values with states of its
// own, so that validation does not disturb the states of training.
func (p *Parallel[T]) Evaluator() *Parallel[T] {
	return NewParallel(p.model.Replica(), p.loss.Replica(), len(p.workers))
}

// Step runs b forward and backward and leaves the gradient of the mean loss in
// the parameters of the model; what they held is lost. Parameters that follow what
// batches measure do so. seed decides what dropout drops. A batch that does not fit the model is an error, and changes nothing.
func (p *Parallel[T]) Step(b *Batch[T], seed uint64) (Tally, error) {
	return p.run(b, Pass{Train: true, Carry: b.Carry, Seed: seed, SparseBelow: p.SparseBelow, ZerosStay: p.ZerosStay}, true)
}

// Evaluate runs b forward, without dropout.
func (p *Parallel[T]) Evaluate(b *Batch[T]) (Tally, error) {
	return p.run(b, Pass{Carry: b.Carry}, false)
}

func (p *Parallel[T]) run(b *Batch[T], pass Pass, backward bool) (Tally, error) {
	if err := p.check(b); err != nil {
		return Tally{}, err
	}
	active := p.divide(b.Input.Streams)
	scale := 1 / float64(max(p.loss.Count(&b.Target), 1))
	each(active, func(_ int, w *worker[T]) { w.run(b, pass, scale, backward, p.now) })
	if backward && len(active) > 1 {
		each(active, func(i int, _ *worker[T]) { reduceGradients(active, i) })
	}
	if backward {
		follow(active[0].params)
	}
	var total Tally
	for _, w := range active {
		total.Add(w.tally)
	}
	return total, nil
}

// check reports whether b fits the model, the loss and the states.
func (p *Parallel[T]) check(b *Batch[T]) error {
	if err := b.validate(); err != nil {
		return err
	}
	var carry error
	if b.Carry && p.streams != 0 && p.streams != b.Input.Streams {
		carry = fmt.Errorf("input has %d streams, want %d whose state is carried", b.Input.Streams, p.streams)
	}
	y := p.model.outputShape(&b.Input)
	return errors.Join(
		carry,
		p.model.checkInput(&b.Input),
		p.loss.CheckTarget(&y, &b.Target),
	)
}

// divide gives every worker its streams and returns those that have any.
func (p *Parallel[T]) divide(streams int) []*worker[T] {
	p.streams = streams
	active := p.workers[:min(len(p.workers), streams)]
	for i, w := range active {
		w.from, w.to = i*streams/len(active), (i+1)*streams/len(active)
	}
	return active
}

// each calls f for every worker at the same time and waits for all.
func each[T Float](workers []*worker[T], f func(i int, w *worker[T])) {
	var wait sync.WaitGroup
	for i, w := range workers[1:] {
		wait.Go(func() { f(i+1, w) })
	}
	f(0, workers[0])
	wait.Wait()
}

// run runs the worker's streams of b, and times that by a clock.
func (w *worker[T]) run(b *Batch[T], pass Pass, scale float64, backward bool, now func() time.Time) {
	began := now()
	w.input.takeStreams(&b.Input, w.from, w.to)
	w.target.takeStreams(&b.Target, w.from, w.to)
	if b.Carry && b.Reset != nil {
		w.resetStreams(b.Reset[w.from:w.to])
	}
	pass.FirstStream, pass.Streams = w.from, b.Input.Streams
	y := w.model.Forward(&w.input, pass)
	tally, dy := w.loss.Score(y, &w.target, scale)
	w.tally = tally
	scored := now()
	w.times.Forward = scored.Sub(began)
	if backward {
		ZeroGrad(w.params)
		w.model.Backward(dy)
	}
	w.times.Backward = now().Sub(scored)
}

func (w *worker[T]) resetStreams(reset []bool) {
	for _, s := range w.model.States() {
		for i, r := range reset {
			if r {
				s.reset(i)
			}
		}
	}
}

// reduceGradients adds part i of the gradients of all workers to the first one's.
func reduceGradients[T Float](workers []*worker[T], i int) {
	for j, p := range workers[0].params {
		from, to := i*len(p.Grad)/len(workers), (i+1)*len(p.Grad)/len(workers)
		for _, w := range workers[1:] {
			addTo(p.Grad[from:to], w.params[j].Grad[from:to])
		}
	}
}

// States returns copies of what the layers carry, with the streams of all
// workers in order: it does not depend on their number. Before the first batch
// the Data are empty.
func (p *Parallel[T]) States() []State[T] {
	var states []State[T]
	for k, s := range p.model.States() {
		state := State[T]{Name: s.Name, Width: s.Width}
		if p.streams > 0 {
			for _, w := range p.divide(p.streams) {
				state.Data = append(state.Data, w.model.States()[k].Data...)
			}
		}
		states = append(states, state)
	}
	return states
}

// SetStates replaces what the layers carry by what States returned, and by that
// the number of streams of the next batch that carries. It changes nothing when
// names, widths or numbers of streams do not fit.
func (p *Parallel[T]) SetStates(states []State[T]) error {
	want := p.model.States()
	if len(states) != len(want) {
		return fmt.Errorf("%d states, want %d", len(states), len(want))
	}
	if len(states) == 0 {
		return nil
	}
	streams := len(states[0].Data) / max(states[0].Width, 1)
	for i, s := range states {
		if s.Name != want[i].Name || s.Width != want[i].Width {
			return fmt.Errorf("state %q of width %d, want %q of width %d", s.Name, s.Width, want[i].Name, want[i].Width)
		}
		if len(s.Data) != streams*s.Width {
			return fmt.Errorf("state %q has %d elements, want %d streams of width %d", s.Name, len(s.Data), streams, s.Width)
		}
	}
	if streams == 0 {
		p.streams = 0
		p.clearStates()
		return nil
	}
	for _, w := range p.divide(streams) {
		for k, s := range w.model.States() {
			s.Data = slices.Clone(states[k].Data[w.from*s.Width : w.to*s.Width])
		}
	}
	return nil
}

// clearStates forgets what the layers carry.
func (p *Parallel[T]) clearStates() {
	for _, w := range p.workers {
		for _, s := range w.model.States() {
			s.Data = nil
		}
	}
}
