package main

import (
	"bytes"
	"context"
	"fmt"
	"image/png"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/sparse"
)

// heatmapSide is the largest width and height of a picture in pixels.
const heatmapSide = 1024

// drawHeatmaps writes a picture of each matrix of a model to folder dir, and
// returns their paths in the order of the model. All are drawn before the first
// is written; each appears whole.
func drawHeatmaps(ctx context.Context, dir string, m *ir.Model) ([]string, error) {
	var paths []string
	var pictures [][]byte
	for _, p := range m.Params {
		if len(p.Shape) != 2 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		w := &sparse.Matrix{Rows: p.Shape[0], Cols: p.Shape[1], Data: p.Data}
		var b bytes.Buffer
		if err := png.Encode(&b, sparse.Heatmap(w, heatmapSide, heatmapSide)); err != nil {
			return nil, fmt.Errorf("heat map of %q: %w", p.Name, err)
		}
		paths = append(paths, filepath.Join(dir, fileName(p.Name)+".png"))
		pictures = append(pictures, b.Bytes())
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("-png %s: want a folder: %w", dir, err)
	}
	for i, path := range paths {
		if err := replaceFile(path, pictures[i]); err != nil {
			return nil, err
		}
	}
	return paths, nil
}

// fileName is a tensor's name as that of a file: what a path may take amiss is
// escaped as in a URL.
func fileName(tensor string) string {
	name := url.PathEscape(tensor)
	if strings.HasPrefix(name, ".") {
		name = "%2E" + name[1:]
	}
	return name
}

// replaceFile puts data at path by one rename.
func replaceFile(path string, data []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".sparsec-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if _, err := f.Write(data); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
