package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"go/format"
	"io/fs"
	"os"
	"path/filepath"
	"text/template"

	"golang.org/x/tools/txtar"

	"github.com/sparsec/sparsec/compiler"
	"github.com/sparsec/sparsec/compiler/scratch"
	"github.com/sparsec/sparsec/trainer"
	"github.com/sparsec/sparsec/trainer/data"
)

// Names inside the demo's folder.
const (
	demoModule  = "charnet.example"
	demoPackage = "charnet"
	denseFile   = "dense.ckpt"
	sparseFile  = "sparse.ckpt"
)

//go:embed demo_sampler.go.tmpl
var samplerText string

var samplerTemplate = template.Must(template.New("sampler").Parse(samplerText))

// checkDemoFolder refuses a folder that something is in, before anything is
// trained.
func checkDemoFolder(dir string) error {
	if dir == "" {
		return nil
	}
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case len(entries) > 0:
		return fmt.Errorf("%s: is not empty, want a new folder", dir)
	}
	return nil
}

// demoFolder is what the demo leaves behind, built out of sight: a module with
// a program that samples from the compiled model, and both checkpoints.
type demoFolder struct {
	scratch.Module
	wanted string // where it goes in the end; empty to stay
	kept   bool
}

// newDemoFolder begins a folder beside the place where it goes, so that it can
// be moved there in one step, or in the temporary folder.
func newDemoFolder(wanted string) (*demoFolder, error) {
	f := &demoFolder{wanted: wanted}
	parent, pattern := "", "sparsec-demo-*"
	if wanted != "" {
		parent, pattern = filepath.Dir(filepath.Clean(wanted)), "."+filepath.Base(filepath.Clean(wanted))+"-*"
		if err := os.MkdirAll(parent, 0o755); err != nil {
			return nil, err
		}
	}
	var err error
	if f.Dir, err = os.MkdirTemp(parent, pattern); err != nil {
		return nil, err
	}
	return f, os.Chmod(f.Dir, 0o755)
}

// write fills the folder.
func (f *demoFolder) write(sparse *compiler.Package, denseRun, sparseRun *trainer.Result, v *data.Vocabulary, prompt string) error {
	main, err := samplerFile(v, prompt)
	if err != nil {
		return err
	}
	goMod := []byte("// The module of a package that sparsec demo compiled.\nmodule " + demoModule + "\n\ngo 1.26\n")
	return errors.Join(
		f.Add("", []txtar.File{{Name: "go.mod", Data: goMod}, main}),
		f.Add(demoPackage, sparse.Files),
		denseRun.Save(filepath.Join(f.Dir, denseFile)),
		sparseRun.Save(filepath.Join(f.Dir, sparseFile)),
	)
}

// samplerFile is the program that samples.
func samplerFile(v *data.Vocabulary, prompt string) (txtar.File, error) {
	units := make([]string, v.Size())
	for i := range units {
		units[i] = v.Unit(int32(i))
	}
	var b bytes.Buffer
	if err := samplerTemplate.Execute(&b, map[string]any{
		"Module": demoModule, "Package": demoPackage, "Units": units, "Prompt": prompt,
	}); err != nil {
		return txtar.File{}, err
	}
	source, err := format.Source(b.Bytes())
	if err != nil {
		return txtar.File{}, fmt.Errorf("the program that samples, which is a bug: %w", err)
	}
	return txtar.File{Name: "main.go", Data: source}, nil
}

// sample builds and runs the program.
func (f *demoFolder) sample(ctx context.Context, n int) (string, error) {
	out, err := f.GoRun(ctx, "run", ".", "-n", fmt.Sprint(n))
	return string(out), err
}

// keep moves the folder to its place.
func (f *demoFolder) keep() error {
	if f.wanted != "" {
		// An empty folder may be there; where Rename replaces it, so be it.
		if err := os.Remove(f.wanted); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := os.Rename(f.Dir, f.wanted); err != nil {
			return err
		}
		f.Dir = f.wanted
	}
	f.kept = true
	return nil
}

// discard removes a folder that was not kept.
func (f *demoFolder) discard() error {
	if f.kept {
		return nil
	}
	return os.RemoveAll(f.Dir)
}
