package main

import (
	"context"
	_ "embed"
	"flag"
)

// exportScript is the Python file for the side of PyTorch.
//
//go:embed export/sparsec_export.py
var exportScript []byte

// pruneScript is the Python file that prunes while PyTorch trains.
//
//go:embed export/sparsec_prune.py
var pruneScript []byte

var exportScriptVerb = &verb{
	name:    "export-script",
	args:    "",
	summary: "print a Python file that writes PyTorch models for sparsec",
	detail: `Prints one Python file, to be kept beside a program that uses PyTorch, which needs
nothing but torch and numpy. Its function export writes the weights of a model and
its graph to a safetensors file, which every verb here reads; golden writes its
outputs and states for an input, for sparsec verify -golden. What it supports, its
first lines say.

With -prune it prints another file, which prunes a model while PyTorch trains it, in
one process or many: the schedules and patterns of sparsec train, and the same masks
for the same weights.`,
	example: `sparsec export-script > sparsec_export.py
sparsec export-script -prune > sparsec_prune.py`,
	define: func(fs *flag.FlagSet) action {
		prune := fs.Bool("prune", false, "print the file that prunes")
		return func(_ context.Context, e *env, args []string) error {
			if len(args) > 0 {
				return usagef("want no argument; got %q", args[0])
			}
			script := exportScript
			if *prune {
				script = pruneScript
			}
			_, err := e.stdout.Write(script)
			return err
		}
	},
}
