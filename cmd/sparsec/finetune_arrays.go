package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/sparsec/sparsec/compiler/golden"
	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/trainer"
)

// arraysPath is the path of data that are one file of arrays.
func arraysPath(paths []string) (string, bool) {
	if len(paths) != 1 {
		return "", false
	}
	return paths[0], strings.EqualFold(filepath.Ext(paths[0]), ".npz")
}

// arraysCorpus reads arrays x and y, and tells the settings what is learnt.
func arraysCorpus(path string, m *ir.Model, cfg *trainer.Config) (*trainer.Corpus, error) {
	file, err := golden.Read(path)
	if err != nil {
		return nil, err
	}
	found := map[string]trainer.Array{}
	for _, a := range file.Arrays {
		found[a.Name] = trainer.Array{Shape: a.Shape, Data: a.Data}
	}
	x, hasX := found["x"]
	y, hasY := found["y"]
	if !hasX || !hasY {
		return nil, fmt.Errorf("%s: want arrays x, what the model reads, and y, what it should answer", path)
	}
	corpus, err := trainer.ArraysCorpus(m, x, y, cfg.WithDefaults().Segment, cfg.Data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if task := cfg.Data.Task; task != "" && task != corpus.Task {
		return nil, usagef("-task %s: the arrays of %s are of task %s", task, path, corpus.Task)
	}
	cfg.Data.Task = corpus.Task
	return corpus, nil
}
