package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/sparsec/sparsec/codegen"
	"github.com/sparsec/sparsec/compiler"
	"github.com/sparsec/sparsec/compiler/bench"
	"github.com/sparsec/sparsec/compiler/golden"
	"github.com/sparsec/sparsec/compiler/verify"
	"github.com/sparsec/sparsec/ir/eval"
	"github.com/sparsec/sparsec/trainer"
)

// opponent is the model that -against names, which is held against a model, before
// that model. Both must read the same frames of the same recordings.
func (v *evaluation) opponent(ctx context.Context, m *trained) ([]*trained, error) {
	other, err := v.open(ctx, v.against)
	if err != nil {
		return nil, err
	}
	if other.meta.Sound != m.meta.Sound {
		return nil, fmt.Errorf("%s reads %v; %s reads %v: want models of the same front end", other.path, other.meta.Sound, m.path, m.meta.Sound)
	}
	a, b := other.cfg.Data, m.cfg.Data
	if a.Transcript != b.Transcript || a.Train != b.Train || a.Valid != b.Valid {
		return nil, fmt.Errorf("%s and %s have other transcripts or another division of the data: want models that were trained on the same", other.path, m.path)
	}
	return []*trained{other, m}, nil
}

// packaged is a model as a package that has read the recordings.
type packaged struct {
	*trained
	pack *compiler.Package
	got  []trainer.Reading
	same int // transcripts that are those of the network
}

// compare reads the recordings of a part with the package of each model, and prints
// how many transcripts are those that its network gave, and times. A transcript may
// differ where two characters are about as probable.
func (v *evaluation) compare(ctx context.Context, e *env, models []*trained, corpus *trainer.Corpus, p trainer.Part, o trainer.Transcribing, want [][]trainer.Reading) error {
	packages := make([]packaged, len(models))
	subjects := make([]bench.Subject, len(models))
	for i, m := range models {
		k := &packages[i]
		k.trained = m
		if err := k.read(ctx, corpus, p, o); err != nil {
			return err
		}
		for r := range k.got {
			if k.got[r] == want[i][r] {
				k.same++
			}
		}
		subjects[i] = bench.Subject{Name: m.path, Files: k.pack.Files, Program: k.pack.Program}
	}
	frames := corpus.MedianFrames(p)
	fmt.Fprintf(e.stderr, "building and timing, about %v\n", v.budget)
	result, err := bench.Run(ctx, subjects, nil, bench.Options{Budget: v.budget, Frames: frames})
	if err != nil {
		return err
	}
	return printPackages(e.stdout, packages, result, corpus, frames)
}

// read compiles the model and reads the recordings of a part with the package.
func (k *packaged) read(ctx context.Context, corpus *trainer.Corpus, p trainer.Part, o trainer.Transcribing) (err error) {
	m, err := golden.NewModule()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	kernels, err := k.build(ctx, m)
	if err != nil {
		return err
	}
	k.got, err = corpus.TranscribeBy(func(frames []float32) ([]float64, error) {
		r, err := runBest(ctx, m, kernels, sequenceOf(k.checkpoint, frames))
		if err != nil {
			return nil, err
		}
		var logits []float64
		for _, frame := range r.Outputs {
			logits = append(logits, frame[k.model.Outputs[0]]...)
		}
		return logits, nil
	}, k.meta, p, o)
	return err
}

// build compiles the model and builds its package, and returns the package's kernels,
// fastest first.
func (k *packaged) build(ctx context.Context, m *golden.Module) (_ []string, err error) {
	if k.pack, err = compileByDefault(ctx, k.checkpoint, defaultPackage); err != nil {
		return nil, err
	}
	kernels := []string{verify.Generic}
	for _, level := range codegen.Levels(k.pack.Program) {
		kernels = append(kernels, level.String())
	}
	slices.Reverse(kernels)
	return kernels, errors.Join(m.Add(defaultPackage, k.pack.Files, k.pack.Program), m.Build(ctx))
}

// runBest runs the package with the fastest kernels that this machine has.
func runBest(ctx context.Context, m *golden.Module, kernels []string, s *golden.Sequence) (r *golden.Run, err error) {
	for _, k := range kernels {
		if r, err = m.Run(ctx, defaultPackage, k, s); !errors.Is(err, golden.ErrNoKernel) {
			return r, err
		}
	}
	return r, err
}

// sequenceOf is a recording as the model's input.
func sequenceOf(c *checkpoint, frames []float32) *golden.Sequence {
	in := c.model.Inputs[0]
	s := &golden.Sequence{}
	for frame := range slices.Chunk(frames, in.Type.Len()) {
		x := make([]float64, len(frame))
		for i, v := range frame {
			x[i] = float64(v)
		}
		s.Frames = append(s.Frames, eval.Frame{in.Name: x})
	}
	s.Stops = []int{len(s.Frames)}
	return s
}
