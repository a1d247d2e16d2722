package rt

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// TestMatVec holds the portable kernels against float64 products of the
// unpacked matrix, called as PortableCalls says, on an image of the weights.
func TestMatVec(t *testing.T) {
	for i, shape := range []struct {
		rows, cols int
		density    float64
	}{{1, 1, 1}, {9, 1, 0.5}, {1, 90, 0.2}, {40, 33, 0}, {33, 17, 1}, {100, 131, 0.1}, {70, 40, 0.4}, {20, 2100, 0.05}} {
		rng := rand.New(rand.NewPCG(uint64(i), 1))
		m := sparse.NewMatrix(shape.rows, shape.cols)
		for i := range m.Data {
			if rng.Float64() < shape.density {
				// Within a range of 2^15, as wide windows want it.
				w := rng.NormFloat64()
				m.Data[i] = float32(w + math.Copysign(0.07, w))
			}
		}
		for _, packed := range packAll(t, m) {
			t.Run(fmt.Sprintf("%T/%dx%d/%g", packed, m.Rows, m.Cols, shape.density), func(t *testing.T) {
				p := &kernel.Program{Matrices: []kernel.Matrix{{Form: kernel.Form{Packed: packed}}}}
				checkPortable(t, rng, p)
			})
		}
	}
}

func packAll(t *testing.T, m *sparse.Matrix) []sparse.Packed {
	list := []sparse.Packed{sparse.PackDense(m), sparse.PackChunk(m)}
	for _, height := range []int{4, 8, 16} {
		b, err := sparse.PackBlock(m, height)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, b)
	}
	for _, form := range []sparse.IndexForm{sparse.Exponent, sparse.Mantissa} {
		w, err := sparse.PackWindow(m, form)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, w)
	}
	if m.Cols >= sparse.WideBlockCols {
		b, err := sparse.PackWideBlock(m)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, b)
	}
	fixed, err := sparse.PackWindow(m, sparse.Fixed)
	if err != nil {
		t.Fatal(err)
	}
	straight, err := sparse.PackStraight(m)
	if err != nil {
		t.Fatal(err)
	}
	wide, err := sparse.PackWideWindow(m)
	if err != nil {
		t.Fatal(err)
	}
	csr, err := sparse.PackCSR(m)
	if err != nil {
		t.Fatal(err)
	}
	copies, err := sparse.PackWindowCopies(m)
	if err != nil {
		t.Fatal(err)
	}
	survivors := sparse.NewMatrix(m.Rows, m.Cols) // which alone fit into chunks of integers
	for i, w := range m.Data {
		if w != 0 {
			survivors.Data[i] = w + float32(math.Copysign(1, float64(w)))
		}
	}
	if m.NNZ() > 3 { // and a few that do not
		survivors.Data[slices.IndexFunc(survivors.Data, func(w float32) bool { return w != 0 })] *= 0x1p-20
	}
	chunks, err := sparse.PackFixedChunk(survivors)
	if err != nil {
		t.Fatal(err)
	}
	return append(append(list, fixed, straight, wide, csr, copies, chunks), packReduced(t, m)...)
}

func checkPortable(t *testing.T, rng *rand.Rand, p *kernel.Program) {
	t.Helper()
	w := p.Matrices[0].Packed.Unpack()
	src, init, dst := make([]float32, w.Cols+32), make([]float32, w.Rows), make([]float32, w.Rows)
	for i := range src {
		src[i] = float32(rng.NormFloat64())
	}
	for i := range init {
		init[i] = float32(rng.NormFloat64())
	}
	call(t, p, dst, init, src)
	for r := range dst {
		want, magnitude := float64(init[r]), math.Abs(float64(init[r]))
		for c, v := range w.Row(r) {
			want += float64(v) * float64(src[c])
			magnitude += math.Abs(float64(v) * float64(src[c]))
		}
		// γₙ for a product and a sum a column, and the last additions (Higham,
		// Accuracy and Stability of Numerical Algorithms, lemma 3.1).
		nu := float64(2*w.Cols+4) * 0x1p-24
		if d := math.Abs(float64(dst[r]) - want); !(d <= nu/(1-nu)*magnitude) {
			t.Fatalf("row %d: %g, want %g", r, dst[r], want)
		}
	}
	call(t, p, init, init, src)
	for r := range dst {
		if init[r] != dst[r] {
			t.Fatalf("row %d in place: %g, want %g", r, init[r], dst[r])
		}
	}
}

// call does what the emitted package does with the one matrix of the program.
func call(t *testing.T, p *kernel.Program, dst, init, src []float32) {
	t.Helper()
	layout := p.Layout()
	var sections []section
	for i, s := range p.Matrices[0].Packed.Sections() {
		sections = append(sections, section{layout.Matrices[0][i], len(s.Data), kernel.SectionElem(s).Size()})
	}
	weights := loadWeights(string(p.Image()), sections)
	for _, c := range kernel.PortableCalls(p, layout, 0) {
		var floats []float32
		var more, words, counts []uint32 // the last three
		var columns, places []uint16
		init, src, value := init, src, 0
		if c.Args[1].Kind == kernel.DstArg {
			init = dst
		}
		for _, a := range c.Args {
			switch {
			case a.Kind == kernel.SrcArg:
				src = src[a.Off:][:a.Len:a.Len]
			case a.Kind == kernel.IntArg:
				value = a.Value
			case a.Kind != kernel.WeightsArg:
			case a.Elem == kernel.Float32:
				floats = weightsAt[float32](weights, a.Off, a.Len)
			case a.Elem == kernel.Uint16:
				columns, places = places, weightsAt[uint16](weights, a.Off, a.Len)
			case a.Elem == kernel.Uint32:
				more, words, counts = words, counts, weightsAt[uint32](weights, a.Off, a.Len)
			}
		}
		switch c.Func {
		case "matvecDense":
			matvecDense(dst, init, src, floats, value)
		case "matvecBlock":
			matvecBlock(dst, init, src, floats, places, counts, value)
		case "matvecCSR":
			matvecCSR(dst, init, src, floats, columns, places, counts)
		case "matvecChunk":
			matvecChunk(dst, init, src, words, places, counts)
		case "matvecChunkFixed":
			matvecChunkFixed(dst, init, src, more, floats, places, words, counts)
		case "matvecWindow":
			matvecWindow(dst, init, src, words, places, counts)
		case "matvecWindowExact":
			matvecWindowExact(dst, init, src, words, places, counts, uint32(value))
		case "matvecWindowFixed":
			matvecWindowFixed(dst, init, src, words, floats, places, counts)
		case "matvecWindowCopies":
			matvecWindowCopies(dst, init, src, words, floats, columns, counts, places)
		case "matvecStraight":
			matvecStraight(dst, init, src, more, words, counts)
		case "matvecBlock8x4":
			matvecBlock8x4(dst, init, src, floats, places, counts)
		case "matvecWindowWide":
			matvecWindowWide(dst, init, src, words, places, counts, uint32(value))
		default:
			callReduced(t, weights, c, dst, init, src)
		}
	}
}
