package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/ckpt"
)

// checkpoint is a model as it lies on disk, in a model.ckpt or in a file of another
// program.
type checkpoint struct {
	path  string
	sum   string // hex SHA-256 of the file, and of the description given for it
	bytes int64
	model *ir.Model
	meta  map[string]string
	from  importFlags // how a file of another program was read; empty for a checkpoint
	notes []string    // what was assumed of a file that leaves it open
}

// readModel reads a model and the sum of its file. Errors name the file and list
// every fault in it.
func readModel(path string, flags importFlags) (*checkpoint, error) {
	if err := flags.check(); err != nil {
		return nil, err
	}
	f, err := openModel(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	c := &checkpoint{path: path, bytes: info.Size()}
	if kind := kindOf(path, f, c.bytes); kind == checkpointFile {
		err = c.decode(f, &flags)
	} else {
		err = c.importModel(kind, &flags)
	}
	if err == nil {
		err = c.digest(f)
	}
	if err != nil {
		return nil, err
	}
	if c.meta == nil {
		c.meta = c.origin()
	}
	return c, nil
}

// model reads a model for a verb, and tells the user what was assumed of it.
func (e *env) model(path string, flags importFlags) (*checkpoint, error) {
	c, err := readModel(path, flags)
	if err != nil {
		return nil, err
	}
	for _, n := range c.notes {
		fmt.Fprintf(e.stderr, "note: %s\n", n)
	}
	return c, nil
}

// openModel opens a regular file.
func openModel(path string) (*os.File, error) {
	info, err := os.Stat(path) // before the file is opened, which a pipe would block
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: no such file, want a model: %s", path, modelKinds)
	}
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: is no regular file, want a model: %s", path, modelKinds)
	}
	return os.Open(path)
}

// decode reads a checkpoint, which leaves nothing open that flags could say.
func (c *checkpoint) decode(r io.ReaderAt, flags *importFlags) (err error) {
	if c.model, c.meta, err = ckpt.Decode(c.path, r, c.bytes); err != nil {
		return err
	}
	if given := flags.given(); given != "" {
		return usagef("%s: is a checkpoint, which is complete: want it without %s", c.path, given)
	}
	return nil
}

// digest sums the file, and the description if there is one.
func (c *checkpoint) digest(f io.ReaderAt) error {
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(f, 0, c.bytes)); err != nil {
		return fmt.Errorf("%s: %w", c.path, err)
	}
	if c.from.description != "" {
		text, err := os.ReadFile(c.from.description)
		if err != nil {
			return err
		}
		if _, err := io.Copy(sum, bytes.NewReader(text)); err != nil {
			return err
		}
	}
	c.sum = hex.EncodeToString(sum.Sum(nil))
	return nil
}

// origin is the metadata of a checkpoint that is made of a file of another program.
func (c *checkpoint) origin() map[string]string {
	words := append([]string{filepath.Base(c.path)}, c.from.settings()...)
	return map[string]string{"imported": strings.Join(append(words, "sha256:"+c.sum), " ")}
}

// readCheckpoint reads a model whose file leaves nothing open.
func readCheckpoint(path string) (*checkpoint, error) { return readModel(path, importFlags{}) }
