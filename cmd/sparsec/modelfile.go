package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/sparsec/sparsec/compiler/importer/onnx"
	"github.com/sparsec/sparsec/compiler/importer/torch"
	"github.com/sparsec/sparsec/compiler/pass"
	"github.com/sparsec/sparsec/ir/ckpt"
)

// modelKinds lists the files that hold models, for an error.
const modelKinds = "a checkpoint (model.ckpt), ONNX (.onnx) or a state dict of PyTorch (.safetensors, .pt)"

// fileKind is a format of models.
type fileKind uint8

const (
	checkpointFile fileKind = iota
	onnxFile
	torchFile
)

// kindOf tells a format by the content of a file, where that has a mark, or else by
// its name. What is nothing else is taken for a checkpoint, whose reader says what is
// wrong.
func kindOf(path string, r io.ReaderAt, size int64) fileKind {
	var head [9]byte
	n, _ := r.ReadAt(head[:], 0)
	switch ext := strings.ToLower(filepath.Ext(path)); {
	case safetensors(head[:n], size):
		if ckpt.HasModel(r, size) || ext == ".ckpt" {
			return checkpointFile
		}
		return torchFile
	case pickled(head[:n]):
		return torchFile
	case ext == ".onnx", ext == ".pb":
		return onnxFile
	case ext == ".safetensors", ext == ".pt", ext == ".pth":
		return torchFile
	}
	return checkpointFile
}

// safetensors reports whether a file begins as that format does: the length of a
// header, and its brace.
func safetensors(head []byte, size int64) bool {
	return len(head) == 9 && head[8] == '{' && binary.LittleEndian.Uint64(head) < uint64(size)
}

// pickled reports whether a file begins as a zip archive or as a pickle of protocol 2
// or later do, in which PyTorch saves.
func pickled(head []byte) bool {
	return bytes.HasPrefix(head, []byte("PK\x03\x04")) || len(head) > 1 && head[0] == 0x80 && head[1] >= 2 && head[1] <= 5
}

// importModel reads a model that another program wrote.
func (c *checkpoint) importModel(kind fileKind, flags *importFlags) error {
	c.from = *flags
	if kind == onnxFile {
		o, err := flags.onnx(c.path)
		if err != nil {
			return err
		}
		if c.model, err = onnx.Import(c.path, o); err != nil {
			return err
		}
		return c.recognise()
	}
	o, err := flags.torch(c.path)
	if err != nil {
		return err
	}
	o.Note = func(text string) { c.notes = append(c.notes, text) }
	c.model, err = torch.Import(c.path, o)
	return err
}

// recognise puts cells in the place of nodes that spell them out, so that every verb
// sees their gates.
func (c *checkpoint) recognise() error {
	m, _, err := pass.Recognise(c.model)
	if err != nil {
		return fmt.Errorf("%s: %w", c.path, err)
	}
	c.model = m
	return nil
}
