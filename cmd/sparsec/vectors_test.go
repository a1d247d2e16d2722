package main

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sparsec/sparsec/compiler/verify"
	"github.com/sparsec/sparsec/ir/eval"
)

// vectorsCommand writes golden vectors of a model: what the float64 interpreter
// makes of 12 random frames, as NumPy would save it. The frames lie along axis 0;
// states are those behind the last.
func vectorsCommand(ts *testscript.TestScript, neg bool, args []string) {
	wants(ts, neg, args, 2, 2, "vectors MODEL FILE")
	c, err := readCheckpoint(ts.MkAbs(args[0]))
	ts.Check(err)
	frames := verify.RandomInputs(c.model, rand.New(rand.NewPCG(3, 0)), 12)
	g, err := eval.New(c.model)
	ts.Check(err)
	outputs, err := g.Run(frames)
	ts.Check(err)
	var file bytes.Buffer
	z := zip.NewWriter(&file)
	save := func(name string, values [][]float64) {
		w, err := z.Create(name + ".npy")
		ts.Check(err)
		_, err = w.Write(numpy(values))
		ts.Check(err)
	}
	all := func(frames []eval.Frame, name string) (rows [][]float64) {
		for _, f := range frames {
			rows = append(rows, f[name])
		}
		return rows
	}
	for _, in := range c.model.Inputs {
		save(in.Name, all(frames, in.Name))
	}
	for _, name := range c.model.Outputs {
		save(name, all(outputs, name))
	}
	for _, s := range c.model.States {
		save(s.Name, [][]float64{g.State(s.Name)})
	}
	ts.Check(z.Close())
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), file.Bytes(), 0o644))
}

// numpy is an .npy file of rows in float64; of one element each, or of one row, it
// has one dimension.
func numpy(rows [][]float64) []byte {
	shape := fmt.Sprintf("(%d, %d)", len(rows), len(rows[0]))
	if n := len(rows) * len(rows[0]); len(rows) == n || len(rows[0]) == n {
		shape = fmt.Sprintf("(%d,)", n)
	}
	header := fmt.Sprintf("{'descr': '<f8', 'fortran_order': False, 'shape': %s, }", shape)
	header += strings.Repeat(" ", 64-(10+len(header)+1)%64) + "\n"
	b := append([]byte("\x93NUMPY\x01\x00"), byte(len(header)), byte(len(header)>>8))
	b = append(b, header...)
	for _, row := range rows {
		b, _ = binary.Append(b, binary.LittleEndian, row) // float64s always encode
	}
	return b
}
