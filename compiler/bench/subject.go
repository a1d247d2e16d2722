package bench

import (
	"bytes"
	"fmt"
	"go/build/constraint"
	"path"
	"runtime"
	"strings"

	"golang.org/x/tools/txtar"

	"github.com/sparsec/sparsec/ir/kernel"
)

// Subject is a compiled package to time.
type Subject struct {
	// Name is what the result calls it; names of subjects differ.
	Name string
	// Files and Program are those of the package.
	Files   []txtar.File
	Program *kernel.Program
	// Portable takes the package as it is built with the tag purego.
	Portable bool
	// Twin names a subject before this one that computes the same function: the
	// outputs are held against each other. Empty for none.
	Twin string
	// Layers times the layers of a step alone, again and again on the first
	// frame, without copying x into the state and y out of it. The program has
	// one input and one output, both vectors; its output is that of the first
	// frame. The package's name is PackageName.
	Layers bool
	// Streams is the number of streams that a step of Layers moves, each on a
	// frame of its own, one after the other or, with Lockstep, as the Batch of
	// the package, which is of that number; 0 stands for 1. The outputs of all
	// lie one behind the other.
	Streams  int
	Lockstep bool
	// Beside is the number of bytes of other memory that is read before each
	// step of the layers, which are then timed one by one: what the rest of a
	// model does to the caches.
	Beside int
}

// files are the files to build: without tests, and without what the build tags
// of a portable subject leave out.
func (s *Subject) files() ([]txtar.File, error) {
	var kept []txtar.File
	for _, f := range s.Files {
		if strings.HasSuffix(f.Name, "_test.go") || strings.HasPrefix(f.Name, "testdata/") {
			continue
		}
		if s.Portable {
			data, keep, err := asPurego(f)
			if err != nil {
				return nil, fmt.Errorf("subject %q: %s: %w", s.Name, f.Name, err)
			}
			if !keep {
				continue
			}
			f.Data = data
		}
		kept = append(kept, f)
	}
	switch {
	case s.Lockstep:
		kept = append(kept, lockstepLayersFile)
	case s.Layers:
		kept = append(kept, layersFile)
	}
	return kept, nil
}

// StreamCount is Streams with its default.
func (s *Subject) StreamCount() int { return max(1, s.Streams) }

// PackageName is the name of a package whose layers are timed.
const PackageName = "model"

// layersFile opens the layers of a package to the program.
var layersFile = txtar.File{Name: "layers_bench.go", Data: []byte("package " + PackageName + `

// RunLayers runs the layers n times, of one stream after the other.
func RunLayers(streams []*State, n int) {
	for range n {
		for _, s := range streams {
			s.step()
		}
	}
}
`)}

// lockstepLayersFile opens the layers of a Batch.
var lockstepLayersFile = txtar.File{Name: "layers_bench.go", Data: []byte("package " + PackageName + `

// RunLayers runs the layers of all streams n times.
func (b *Batch) RunLayers(n int) {
	for range n {
		for i := range b.blocks {
			b.blocks[i].step()
		}
	}
}
`)}

// asPurego reports whether the file is part of a build with the tag purego, and
// returns it without its constraint: it is then part of a build without the tag
// too, in one program with other packages that have their assembly.
func asPurego(f txtar.File) (data []byte, keep bool, err error) {
	switch path.Ext(f.Name) {
	case ".go", ".s":
	default:
		return f.Data, true, nil
	}
	for line := range bytes.Lines(f.Data) {
		text := strings.TrimSpace(string(line))
		if strings.HasPrefix(text, "package ") {
			break
		}
		if !constraint.IsGoBuild(text) {
			continue
		}
		expr, err := constraint.Parse(text)
		if err != nil {
			return nil, false, err
		}
		if !expr.Eval(func(tag string) bool { return tag == "purego" || tag == runtime.GOOS }) {
			return nil, false, nil
		}
		return bytes.Replace(f.Data, line, nil, 1), true, nil
	}
	return f.Data, true, nil
}
