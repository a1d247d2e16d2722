package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/ckpt"
)

// checkpoint is a model.ckpt as it lies on disk.
type checkpoint struct {
	path  string
	sum   string // hex SHA-256 of the file
	bytes int64
	model *ir.Model
	meta  map[string]string
}

// readCheckpoint reads a model and the sum of its file. Errors name the file and
// list every fault in it.
func readCheckpoint(path string) (*checkpoint, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: no such file, want a checkpoint (model.ckpt)", path)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: is no regular file, want a checkpoint (model.ckpt)", path)
	}
	c := &checkpoint{path: path, bytes: info.Size()}
	if c.model, c.meta, err = ckpt.Decode(path, f, c.bytes); err != nil {
		return nil, err
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(f, 0, c.bytes)); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	c.sum = hex.EncodeToString(sum.Sum(nil))
	return c, nil
}
