package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/sparsec/sparsec/codegen"
	"github.com/sparsec/sparsec/compiler/golden"
	"github.com/sparsec/sparsec/compiler/verify"
	"github.com/sparsec/sparsec/ir/eval"
	"github.com/sparsec/sparsec/trainer"
)

// compareCompiled reads the recordings of a part with the compiled package and says
// how many transcripts are those that the network gave. One may differ where two
// characters are about as probable.
func compareCompiled(ctx context.Context, w io.Writer, c *checkpoint, meta *trainer.Meta, corpus *trainer.Corpus, p trainer.Part, o trainer.Transcribing, want []trainer.Reading) (err error) {
	m, err := golden.NewModule()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	kernels, err := addCompiled(ctx, m, c)
	if err != nil {
		return err
	}
	used := ""
	got, err := corpus.TranscribeBy(func(frames []float32) ([]float64, error) {
		r, err := runBest(ctx, m, kernels, sequenceOf(c, frames))
		if err != nil {
			return nil, err
		}
		used = r.Backend
		var logits []float64
		for _, frame := range r.Outputs {
			logits = append(logits, frame[c.model.Outputs[0]]...)
		}
		return logits, nil
	}, meta, p, o)
	if err != nil {
		return err
	}
	same := 0
	for i := range got {
		if got[i] == want[i] {
			same++
		}
	}
	_, err = fmt.Fprintf(w, "package with %s kernels: %d of %d transcripts are the same, CER %v, WER %v\n",
		used, same, len(got), trainer.CharErrors(got, meta.Unit), trainer.WordErrors(got))
	return err
}

// addCompiled builds the package of a model, and returns its kernels, fastest first.
func addCompiled(ctx context.Context, m *golden.Module, c *checkpoint) ([]string, error) {
	flags := compileFlags{isa: defaultLevels(), permute: true}
	o, err := flags.options(c)
	if err != nil {
		return nil, err
	}
	o.Package, o.Frames = defaultPackage, -1
	p, err := flags.full(ctx, c, o)
	if err != nil {
		return nil, err
	}
	kernels := []string{verify.Generic}
	for _, level := range codegen.Levels(p.Program) {
		kernels = append(kernels, level.String())
	}
	slices.Reverse(kernels)
	return kernels, errors.Join(m.Add(defaultPackage, p.Files, p.Program), m.Build(ctx))
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
