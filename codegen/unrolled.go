package codegen

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// Limits of the portable straight-line form: it is the faster one to about
// 4e4 non-zeros a package, but costs compile time by the statement.
const (
	maxUnrolledMatrix   = 2048
	maxUnrolledPackage  = 16384
	maxUnrolledFunction = 1000 // statements
)

// chooseUnrolled says which matrices are small enough to be straight-line Go.
func chooseUnrolled(p *kernel.Program) map[int]bool {
	chosen, total := map[int]bool{}, 0
	for i, m := range p.Matrices {
		// Zeros do not multiply here, and a NaN or infinity is no constant.
		n, literal := m.Packed.NNZ(), true
		if n == 0 || n > maxUnrolledMatrix || total+n > maxUnrolledPackage {
			continue
		}
		if m.Strategy == kernel.CSR { // a baseline: it stays what it says
			continue
		}
		for _, w := range m.Packed.Unpack().Data {
			literal = literal && !math.IsInf(float64(w), 0) && w == w
		}
		if literal {
			chosen[i] = true
			total += n
		}
	}
	return chosen
}

// straight is a matrix as statements: cut in functions between groups of rows.
type straight struct {
	parts   []straightPart
	weights []float32 // in order of use
	cols    int
}

type straightPart struct {
	rows       int
	firstRow   int
	statements []string
}

// straighten interleaves four rows, so that their additions do not wait for
// each other.
func straighten(m *sparse.Matrix) *straight {
	s := &straight{cols: m.Cols}
	part := &straightPart{}
	cut := func(next int) {
		if part.rows > 0 {
			s.parts = append(s.parts, *part)
		}
		part = &straightPart{firstRow: next}
	}
	const interleave = 4
	for r := 0; r < m.Rows; r += interleave {
		var lines []string
		columns := make([][]int, interleave)
		longest := 0
		for k := range columns {
			for c, w := range m.Row(r + k) {
				if w != 0 {
					columns[k] = append(columns[k], c)
				}
			}
			longest = max(longest, len(columns[k]))
		}
		for i := range longest {
			for k := range columns {
				if i >= len(columns[k]) {
					continue
				}
				op := "+="
				if i == 0 {
					op = ":="
				}
				c := columns[k][i]
				lines = append(lines, fmt.Sprintf("a%d %s float32(w[%d] * x[%d])", k, op, len(s.weights), c))
				s.weights = append(s.weights, m.Row(r + k)[c])
			}
		}
		if n := len(part.statements); n > 0 && n+len(lines)+interleave > maxUnrolledFunction {
			cut(r)
		}
		for k := range columns {
			y := r + k - part.firstRow // rows count from the function's first
			sum := fmt.Sprintf("a%d + b[%d]", k, y)
			if len(columns[k]) == 0 {
				sum = fmt.Sprintf("b[%d]", y)
			}
			lines = append(lines, fmt.Sprintf("y[%d] = %s", y, sum))
		}
		part.statements = append(part.statements, "{")
		part.statements = append(part.statements, lines...)
		part.statements = append(part.statements, "}")
		part.rows = r + interleave - part.firstRow
	}
	cut(0)
	return s
}

func unrolledName(matrix, part int) string { return fmt.Sprintf("matrix%dPart%d", matrix, part) }

func weightsName(matrix int) string { return fmt.Sprintf("matrix%dWeights", matrix) }

// unrolledFuncs are the functions of a matrix and its weights. The conversions
// float32(…) keep a compiler from fusing, so that all machines agree.
func (e *emitter) unrolledFuncs(f *jen.File, matrix int) {
	s := straighten(e.p.Matrices[matrix].Packed.Unpack())
	for i, p := range s.parts {
		name := unrolledName(matrix, i)
		doc(f, fmt.Sprintf("%s computes y = b + W·x for rows %d to %d of\n%s, padding counted.", name, p.firstRow, p.firstRow+p.rows-1,
			oneLine(e.p.Matrices[matrix].Name)))
		f.Func().Id(name).Params(
			jen.List(jen.Id("y"), jen.Id("b")).Op("*").Index(jen.Lit(p.rows)).Float32(),
			jen.Id("x").Op("*").Index(jen.Lit(s.cols)).Float32(),
			jen.Id("w").Op("*").Index(jen.Lit(len(s.weights))).Float32(),
		).BlockFunc(func(g *jen.Group) {
			for _, line := range p.statements {
				g.Op(line)
			}
		})
	}
	doc(f, weightsName(matrix)+" are the weights in the order of use.")
	f.Var().Id(weightsName(matrix)).Op("=").Index(jen.Op("...")).Float32().Add(floatRows(s.weights))
}

// floatRows is a braced list of constants, eight a line.
func floatRows(values []float32) jen.Code {
	var lines []jen.Code
	for len(values) > 0 {
		n := min(8, len(values))
		text := make([]string, n)
		for i, v := range values[:n] {
			text[i] = strconv.FormatFloat(float64(v), 'g', -1, 32)
		}
		lines = append(lines, jen.Op(strings.Join(text, ", ")))
		values = values[n:]
	}
	return jen.Custom(jen.Options{Open: "{", Close: "}", Separator: ",", Multi: true}, lines...)
}

// unrolledCalls calls the functions of the matrix.
func (e *emitter) unrolledCalls(in kernel.MatVec) []jen.Code {
	s := straighten(e.p.Matrices[in.Matrix].Packed.Unpack())
	places := places(in)
	var list []jen.Code
	for i, p := range s.parts {
		array := func(r place, off, n int) jen.Code {
			r.Off += off
			return jen.Parens(jen.Op("*").Index(jen.Lit(n)).Float32()).Call(e.sliceAt(r, n))
		}
		list = append(list, jen.Id(unrolledName(in.Matrix, i)).Call(
			array(places[kernel.DstArg], p.firstRow, p.rows), array(places[kernel.InitArg], p.firstRow, p.rows),
			array(places[kernel.SrcArg], 0, s.cols), jen.Op("&").Id(weightsName(in.Matrix))))
	}
	return eachVector(in, list)
}
