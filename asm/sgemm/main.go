// Command sgemm writes the amd64 assembly of the trainer's dense matrix
// product: the SGEMM micro-kernels for AVX2 and AVX-512, the two packing
// routines, and the CPUID and XGETBV wrappers that choose between them; and the
// rows of its product with a sparse matrix, and of that one's gradient.
//
// Usage:
//
//	sgemm -out dir
//
// The output depends on nothing but this program, so that the committed files
// can be held against a fresh run byte for byte.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	// A set of its own: importing avo/build fills the default one.
	flags := flag.NewFlagSet("sgemm", flag.ExitOnError)
	out := flags.String("out", ".", "directory that receives the files")
	flags.Parse(os.Args[1:])
	if err := run(*out); err != nil {
		fmt.Fprintln(os.Stderr, "sgemm:", err)
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
