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

var exportScriptVerb = &verb{
	name:    "export-script",
	args:    "",
	summary: "print a Python file that writes PyTorch models for sparsec",
	detail: `Prints one Python file, to be kept beside a program that uses PyTorch, which needs
nothing but torch and numpy. Its function export writes the weights of a model and
its graph to a safetensors file, which every verb here reads; golden writes its
outputs and states for an input, for sparsec verify -golden. What it supports, its
first lines say.`,
	example: "sparsec export-script > sparsec_export.py",
	define: func(*flag.FlagSet) action {
		return func(_ context.Context, e *env, args []string) error {
			if len(args) > 0 {
				return usagef("want no argument; got %q", args[0])
			}
			_, err := e.stdout.Write(exportScript)
			return err
		}
	},
}
