// Command activation writes the amd64 assembly of the trainer's element-wise
// functions: tanh, the logistic sigmoid and softmax with AVX2, the kernels that
// generated packages use too.
//
// Usage:
//
//	activation -out dir
//
// The output depends on nothing but this module, so that the committed files can
// be held against a fresh run byte for byte.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/sparsec/sparsec/asm"
)

func main() {
	// A set of its own: importing avo fills the default one.
	flags := flag.NewFlagSet("activation", flag.ExitOnError)
	out := flags.String("out", ".", "directory that receives the files")
	flags.Parse(os.Args[1:])
	if err := run(*out); err != nil {
		fmt.Fprintln(os.Stderr, "activation:", err)
		os.Exit(1)
	}
}

func run(dir string) error {
	files, err := generate()
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(dir, f.name), f.data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// output is one generated file.
type output struct {
	name string
	data []byte
}

// generate returns the assembly and its stubs.
func generate() ([]output, error) {
	f := asm.NewFile("nn", asm.Constraint)
	asm.EmitMath(f, asm.Sigmoid|asm.Tanh|asm.Softmax)
	assembly, stubs, err := f.Render()
	if err != nil {
		return nil, err
	}
	return []output{{"activation_avx2_amd64.s", assembly}, {"activation_avx2_amd64.go", stubs}}, nil
}
