package asm

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// TestMatVec runs the assembly and the portable kernels on many matrices in a
// module of their own, against the interpreters of the packed forms: the
// assembly gives their bits, the portable kernels are within the rounding of a
// different order of additions.
func TestMatVec(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs a module")
	}
	for _, level := range kernel.Levels() {
		t.Run(level.String(), func(t *testing.T) {
			needLevel(t, level)
			p := matvecProgram(t, level)
			dir := matvecModule(t, p, "matvec_check.txt")
			if err := os.WriteFile(filepath.Join(dir, "cases.bin"), matvecCases(p), 0o644); err != nil {
				t.Fatal(err)
			}
			t.Log(runModule(t, dir, "test", "-count=1", "."))
		})
	}
}

// matvecProgram has small matrices of all shapes in all packings of a level.
func matvecProgram(t testing.TB, level Level) *kernel.Program {
	p := &kernel.Program{Name: "m", Base: level, Level: level}
	for i, shape := range []struct {
		rows, cols int
		density    float64
		mask       string
	}{
		{1, 1, 1, "iid"}, {1, 1, 0, "iid"}, {1, 200, 0.3, "iid"}, {200, 1, 0.5, "iid"}, {8, 8, 1, "iid"}, {7, 9, 0.5, "iid"},
		{33, 17, 1, "iid"}, {40, 64, 0, "iid"}, {57, 101, 0.1, "iid"}, {100, 257, 0.05, "iid"}, {16, 700, 0.02, "iid"},
		{64, 96, 0.1, "lane"}, {72, 50, 0.2, "lane"}, {96, 80, 0.1, "block8"}, {24, 31, 0.2, "block8"}, {144, 66, 0.01, "iid"},
		{48, 100, 0.1, "lane16x32"}, {40, 2500, 0.01, "iid"}, {96, 120, 0.2, "small"},
		{40, 90, 0.2, "block8x4"},
	} {
		rng := rand.New(rand.NewPCG(uint64(i), 11))
		m := masks[shape.mask](rng, shape.rows, shape.cols, shape.density)
		for _, how := range packings[level] {
			if how == "block8x4" && m.Cols < sparse.WideBlockCols || strings.HasPrefix(how, "chunkfixed") && shape.mask == "small" {
				continue
			}
			maxBytes := []int{0, 1, 4000}[i%3]
			addMatrix(t, p, fmt.Sprintf("%dx%d/%g/%s", m.Rows, m.Cols, shape.density, shape.mask), m, how, maxBytes)
		}
	}
	return p
}

// matvecCases holds, for each product and three kinds of src, src, init, the
// result of the interpreter and the tolerance of the portable kernel.
func matvecCases(p *kernel.Program) []byte {
	var b []byte
	put := func(vectors ...[]float32) {
		for _, v := range vectors {
			for _, f := range v {
				b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
			}
		}
	}
	for i, product := range products(p) {
		m := p.Matrices[product.matrix]
		rng := rand.New(rand.NewPCG(uint64(i), 12))
		rows, cols := m.Packed.Rows(), m.Cols
		for _, special := range []float64{0, math.NaN(), math.Inf(-1)} {
			src, init, want := make([]float32, cols+16), make([]float32, rows), make([]float32, rows)
			for i := range src {
				src[i] = float32(rng.NormFloat64())
			}
			for i := range init {
				init[i] = float32(rng.NormFloat64())
			}
			if special != 0 {
				src[rng.IntN(cols)] = float32(special)
			}
			m.Packed.MulAdd(want, init, src)
			put(src, init, want, portableTolerance(m.Packed, init, src))
		}
	}
	return b
}

// portableTolerance bounds the difference of two orders of summation: each is
// within γₙ·(Σ|w||x| + |init|) of the exact result, n the roundings on the way
// to a row (Higham, lemma 3.1), and the Exponent form loses up to half of the
// least float32, scaled, at each step.
func portableTolerance(packed sparse.Packed, init, src []float32) []float32 {
	w := packed.Unpack()
	tol := make([]float32, w.Rows)
	words, _ := packed.(interface {
		Decoding(g int) sparse.IndexForm
		RowScale(r int) float32
	})
	for r := range tol {
		underflow := 0.0
		if words != nil && words.Decoding(r/8) == sparse.Exponent {
			underflow = 0x1p-150 * float64(words.RowScale(r))
		}
		magnitude, terms := math.Abs(float64(init[r])), 0
		for c, v := range w.Row(r) {
			if v != 0 {
				magnitude += math.Abs(float64(v) * float64(src[c]))
				terms++
			}
		}
		nu := float64(2*terms+8) * 0x1p-24
		tol[r] = float32(2*nu/(1-nu)*magnitude + 4*float64(terms+1)*underflow)
	}
	return tol
}

func TestEmitMatVecsOnce(t *testing.T) {
	p := &kernel.Program{Name: "m"}
	m := iid(rand.New(rand.NewPCG(1, 1)), 40, 40, 1, 0.2)
	for range 2 {
		for _, how := range []string{"dense", "window", "unrolled"} {
			addMatrix(t, p, "m", m, how, 0)
		}
	}
	render := func() []byte {
		f := NewFile("m", "amd64")
		EmitMatVecs(f, p, AVX2)
		assembly, _, err := f.Render()
		if err != nil {
			t.Fatal(err)
		}
		return assembly
	}
	assembly := render()
	var names []string
	for _, line := range bytes.Split(assembly, []byte("\n")) {
		if name, ok := bytes.CutPrefix(line, []byte("TEXT ·")); ok {
			names = append(names, string(name[:bytes.IndexByte(name, '(')]))
		}
	}
	// 40 rows are a panel of 32 rows and one of 8.
	want := []string{"matvecF32Dense32AVX2", "matvecF32Dense8AVX2", "matvecF32WindowAVX2", "matvecF32StraightM2R0AVX2", "matvecF32StraightM5R0AVX2"}
	if !slices.Equal(names, want) {
		t.Errorf("functions %v, want %v", names, want)
	}
	if !bytes.Equal(assembly, render()) {
		t.Error("rendering again gives other bytes")
	}
}

// TestMatVecCalls holds that the calls of a matrix cover its rows once, in order,
// in each panel of columns; the first panel of a range begins with init, the
// others add to dst.
func TestMatVecCalls(t *testing.T) {
	for _, level := range kernel.Levels() {
		p := matvecProgram(t, level)
		l := p.Layout()
		for i, m := range p.Matrices {
			row, rows := 0, 0
			for _, c := range MatVecCalls(p, l, i, level) {
				if first := c.Args[2].Off == 0; first {
					row += rows
				} else if c.Args[1].Kind != kernel.DstArg || c.Args[0].Len != rows {
					t.Fatalf("%s: call %+v for later columns of %d rows at row %d", m.Name, c, rows, row)
				}
				rows = c.Args[0].Len
				if c.Args[0].Off != row || c.Args[1].Off != row {
					t.Fatalf("%s: call %+v at row %d", m.Name, c, row)
				}
			}
			if row+rows != m.Packed.Rows() {
				t.Errorf("%s: calls cover %d of %d rows", m.Name, row+rows, m.Packed.Rows())
			}
		}
	}
}
