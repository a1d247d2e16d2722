package sparse

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// packings are all packed forms; each takes any matrix of moderate normal weights.
var packings = map[string]func(*Matrix) (Packed, error){
	"dense":    func(m *Matrix) (Packed, error) { return PackDense(m), nil },
	"block4":   func(m *Matrix) (Packed, error) { return PackBlock(m, 4) },
	"block8":   func(m *Matrix) (Packed, error) { return PackBlock(m, 8) },
	"block16":  func(m *Matrix) (Packed, error) { return PackBlock(m, 16) },
	"exponent": func(m *Matrix) (Packed, error) { return PackWindow(m, Exponent) },
	"mantissa": func(m *Matrix) (Packed, error) { return PackWindow(m, Mantissa) },
	"fixed":    func(m *Matrix) (Packed, error) { return PackWindow(m, Fixed) },
	"panels": func(m *Matrix) (Packed, error) {
		return PackWindowPanels(m, halves(m.Cols), Fixed, NarrowWindow)
	},
	"blockpanels": func(m *Matrix) (Packed, error) { return PackBlockPanels(m, halves(m.Cols), 8) },
	"copies":      func(m *Matrix) (Packed, error) { return PackWindowCopies(m) },
	"block8x4": func(m *Matrix) (Packed, error) {
		if m.Cols < WideBlockCols {
			return PackBlock(m, 8)
		}
		return PackWideBlock(m)
	},
	"straight": func(m *Matrix) (Packed, error) { return PackStraight(m) },
	"wide":     func(m *Matrix) (Packed, error) { return PackWideWindow(m) },
	"csr":      func(m *Matrix) (Packed, error) { return PackCSR(m) },
	"stream8":  func(m *Matrix) (Packed, error) { return PackStream(m, 8) },
	"stream32": func(m *Matrix) (Packed, error) { return PackStream(m, 32) },
	"lockstep": func(m *Matrix) (Packed, error) { return DenseLockstep{PackDense(m)}, nil },

	"chunk": func(m *Matrix) (Packed, error) { return PackChunk(m), nil },

	"chunkfixed":       func(m *Matrix) (Packed, error) { return PackFixedChunk(m) },
	"chunkfixedpanels": func(m *Matrix) (Packed, error) { return PackFixedChunkPanels(m, halves(m.Cols)) },
}

// halves cuts columns into two panels, if there are two.
func halves(cols int) []Span {
	if cols < 2 {
		return []Span{{0, cols}}
	}
	return []Span{{0, cols / 2}, {cols / 2, cols}}
}

// randomMatrix has weights of both signs that lie within a range of 2^7.
func randomMatrix(rng *rand.Rand, rows, cols int, density float64) *Matrix {
	m := NewMatrix(rows, cols)
	for i := range m.Data {
		if rng.Float64() < density {
			w := rng.NormFloat64()
			m.Data[i] = float32(w + math.Copysign(0.07, w))
		}
	}
	return m
}

// survivors takes small weights away, as pruning by magnitude does.
func survivors(m *Matrix) {
	for i, w := range m.Data {
		if w != 0 {
			m.Data[i] = w + float32(math.Copysign(1, float64(w)))
		}
	}
}

// packShapes are rows, columns and density.
var packShapes = []struct {
	rows, cols int
	density    float64
}{
	{1, 1, 1}, {1, 1, 0}, {1, 300, 0.3}, {300, 1, 0.5}, {8, 8, 1}, {7, 9, 0.5}, {33, 17, 1},
	{40, 64, 0}, {24, 31, 0.2}, {57, 101, 0.1}, {100, 257, 0.05}, {16, 1000, 0.02}, {65, 40, 0.5},
}

// tolerance bounds |ŷ − y| for a row computed from the packed weights w in at
// most n rounded operations: γₙ·(Σ|w||x| + |init|), γₙ = n·u/(1−n·u), u = 2⁻²⁴
// (Higham, Accuracy and Stability of Numerical Algorithms, 2002, lemma 3.1).
func tolerance(n int, magnitude float64) float64 {
	nu := float64(n) * 0x1p-24
	return nu / (1 - nu) * magnitude
}

// encodingError is how far a packed weight may be from the weight, relatively.
func encodingError(name string) float64 {
	if name == "mantissa" {
		return 0x1p-21
	}
	return 0
}

// underflow bounds what the Exponent form loses per step of a row: decoded
// weights are w/scale, so a product loses up to half of the least float32, times
// scale.
func underflow(p Packed, r int) float64 {
	if w, ok := p.(interface {
		Decoding(g int) IndexForm
		RowScale(r int) float32
	}); ok && w.Decoding(r/lanes) == Exponent {
		return 0x1p-150 * float64(w.RowScale(r))
	}
	return 0
}

func TestPacked(t *testing.T) {
	for name, pack := range packings {
		for i, shape := range packShapes {
			rng := rand.New(rand.NewPCG(uint64(i), 7))
			m := randomMatrix(rng, shape.rows, shape.cols, shape.density)
			if strings.HasPrefix(name, "chunkfixed") {
				survivors(m)
			}
			// An empty row and an empty column.
			if shape.rows > 8 && shape.cols > 8 {
				clear(m.Row(3))
				for r := range m.Rows {
					m.Row(r)[5] = 0
				}
			}
			t.Run(fmt.Sprintf("%s/%dx%d/%g", name, m.Rows, m.Cols, shape.density), func(t *testing.T) {
				p, err := pack(m)
				if err != nil {
					t.Fatal(err)
				}
				checkShape(t, p, m)
				checkUnpack(t, p, m, encodingError(name))
				checkMulAdd(t, rng, p, m, encodingError(name))
				checkNaN(t, rng, p, m)
			})
		}
	}
}

func checkShape(t *testing.T, p Packed, m *Matrix) {
	t.Helper()
	if p.Rows()%8 != 0 || p.Rows() < m.Rows || p.Rows() >= m.Rows+16 || p.Cols() != m.Cols || p.NNZ() != m.NNZ() {
		t.Errorf("%d×%d with %d weights, packed from %d×%d with %d", p.Rows(), p.Cols(), p.NNZ(), m.Rows, m.Cols, m.NNZ())
	}
}

func checkUnpack(t *testing.T, p Packed, m *Matrix, relative float64) {
	t.Helper()
	u := p.Unpack()
	for r := range u.Rows {
		for c, got := range u.Row(r) {
			want := float32(0)
			if r < m.Rows {
				want = m.Row(r)[c]
			}
			if d := math.Abs(float64(got) - float64(want)); d > relative*math.Abs(float64(want)) || (got == 0) != (want == 0) {
				t.Fatalf("row %d, column %d: %g unpacked, %g packed", r, c, got, want)
			}
		}
	}
}

func checkMulAdd(t *testing.T, rng *rand.Rand, p Packed, m *Matrix, relative float64) {
	t.Helper()
	src, init := make([]float32, m.Cols+16), make([]float32, p.Rows())
	for i := range src {
		src[i] = float32(rng.NormFloat64())
		if i >= m.Cols {
			src[i] = float32(math.NaN()) // may be read, must not count
		}
	}
	for i := range init {
		init[i] = float32(rng.NormFloat64())
	}
	dst := make([]float32, p.Rows())
	p.MulAdd(dst, init, src)
	for r := range dst {
		want, magnitude := float64(init[r]), math.Abs(float64(init[r]))
		terms := 0
		if r < m.Rows {
			for c, w := range m.Row(r) {
				want += float64(w) * float64(src[c])
				magnitude += math.Abs(float64(w) * float64(src[c]))
				terms++
			}
		}
		limit := tolerance(terms+8, magnitude) + relative*magnitude + float64(terms)*underflow(p, r)
		if d := math.Abs(float64(dst[r]) - want); !(d <= limit) {
			t.Fatalf("row %d: %g, want %g ± %g", r, dst[r], want, limit)
		}
	}
	inPlace := append([]float32(nil), init...)
	p.MulAdd(inPlace, inPlace, src)
	for r := range dst {
		if inPlace[r] != dst[r] {
			t.Fatalf("row %d in place: %g, want %g", r, inPlace[r], dst[r])
		}
	}
}

// checkNaN holds that an element of src that is not a number reaches every row
// that has a weight for it, and no row of a group that has none nearby.
func checkNaN(t *testing.T, rng *rand.Rand, p Packed, m *Matrix) {
	t.Helper()
	column := rng.IntN(m.Cols)
	src, zero, dst := make([]float32, m.Cols+16), make([]float32, p.Rows()), make([]float32, p.Rows())
	src[column] = float32(math.NaN())
	p.MulAdd(dst, zero, src)
	for r := range m.Rows {
		if nan := dst[r] != dst[r]; m.Row(r)[column] != 0 && !nan {
			t.Fatalf("row %d has weight %g for column %d, where src is NaN, and gives %g", r, m.Row(r)[column], column, dst[r])
		}
	}
	before, reach, together := 0, lanes, 16
	switch w := p.(type) {
	case *Dense, DenseLockstep:
		return
	case *Window:
		reach = w.Width()
	case *Panels:
		if _, ok := w.parts[0].(*FixedChunk); ok {
			reach, together = ChunkColumns, chunkTile*ChunkRows
		}
		if _, ok := w.parts[0].(*WindowCopies); ok { // neighbours in another order may be any columns
			before, reach = m.Cols, m.Cols
		}
	case *Chunk:
		reach = ChunkColumns
	case *FixedChunk:
		reach, together = ChunkColumns, chunkTile*ChunkRows
	case *WideBlock:
		before = WideBlockCols - 1
	case *CSR:
		reach, together = 1, csrSort
	}
	for first := 0; first < p.Rows(); first += together {
		near := false
		for r := first; r < min(first+together, m.Rows); r++ {
			for c := max(0, column-before); c < min(column+reach, m.Cols); c++ {
				near = near || m.Row(r)[c] != 0
			}
		}
		for r := first; r < first+together && r < p.Rows(); r++ {
			if !near && dst[r] != 0 {
				t.Fatalf("row %d gives %g for column %d, near which its group has no weight", r, dst[r], column)
			}
		}
	}
}

// TestPackRefusals names what the packers refuse.
func TestPackRefusals(t *testing.T) {
	two := func(a, b float32) *Matrix { return &Matrix{Rows: 1, Cols: 2, Data: []float32{a, b}} }
	rows := []struct {
		name, want string
		err        error
	}{
		{"block height", "want 4, 8 or 16", second(PackBlock(two(1, 2), 5))},
		{"block columns", "want at most 65536", second(PackBlock(NewMatrix(1, 65537), 8))},
		{"csr columns", "want at most 65536", second(PackCSR(NewMatrix(1, 65537)))},
		{"window columns", "want at most 65536", second(PackWindow(NewMatrix(1, 65537), Mantissa))},
		{"infinite", "weight +Inf at row 0, column 1", second(PackWindow(two(1, float32(math.Inf(1))), Mantissa))},
		{"not a number", "weight NaN at row 0, column 0", second(PackWindow(two(float32(math.NaN()), 1), Exponent))},
		{"denormal", "hold normal float32 only", second(PackWindow(two(1, 0x1p-130), Exponent))},
		{"denormal mantissa", "hold normal float32 only", second(PackWindow(two(1, 0x1p-130), Mantissa))},
		{"range", "weights between 2^-31 and 2^1: an index of 8 columns in the exponent needs them within a range of 2^31", second(PackWindow(two(1, 0x1p-31), Exponent))},
		{"large", "below 2^32", second(PackWindow(two(0x1p32, 0x1p32), Exponent))},
		{"no vectors", "want a multiple of 8 up to 32", second(PackStream(two(1, 2), 0))},
		{"odd vectors", "want a multiple of 8 up to 32", second(PackStream(two(1, 2), 12))},
		{"many vectors", "want a multiple of 8 up to 32", second(PackStream(two(1, 2), 40))},
		{"wide columns", "want at most 65536", second(PackWideWindow(NewMatrix(1, 65537)))},
		{"wide denormal", "hold normal float32 only", second(PackWideWindow(two(1, 0x1p-130)))},
		{"wide range", "weights between 2^-15 and 2^1: an index of 16 columns in the exponent needs them within a range of 2^15", second(PackWideWindow(two(1, 0x1p-15)))},
		{"wide large", "weights up to 2^17: an index of 16 columns in the exponent needs them below 2^16", second(PackWideWindow(two(0x1p16, 0x1p16)))},
		{"too large", "too large for an index in the mantissa", second(PackWindow(two(math.MaxFloat32, 1), Mantissa))},
	}
	for _, row := range rows {
		if row.err == nil || !strings.Contains(row.err.Error(), row.want) {
			t.Errorf("%s: error %v, want one with %q", row.name, row.err, row.want)
		}
	}
	for _, m := range []*Matrix{two(1, 0x1p-30), two(0x1.fp31, 0x1p1), two(0x1p-126, -0x1p-96)} {
		p, err := PackWindow(m, Exponent)
		if err != nil {
			t.Errorf("weights %g: %v", m.Data, err)
			continue
		}
		checkUnpack(t, p, m, 0)
	}
	for _, m := range []*Matrix{two(1, 0x1p-149), two(math.MaxFloat32, -0x1.234566p-6), two(0x1p-126, -0x1.8p120)} {
		checkUnpack(t, PackChunk(m), m, 0)
	}
	for _, m := range []*Matrix{two(1, 0x1p-14), two(0x1.fffffep15, -0x1p1), two(0x1p-126, -0x1.8p-112)} {
		p, err := PackWideWindow(m)
		if err != nil {
			t.Errorf("weights %g: %v", m.Data, err)
			continue
		}
		checkUnpack(t, p, m, 0)
	}
}

// TestWideWords holds every place and sign of the words of wide windows, and
// that the word of an idle lane is a weight of 0.
func TestWideWords(t *testing.T) {
	m := &Matrix{Rows: 1, Cols: 3, Data: []float32{1.5, -0x1.234566p-14, 0x1.fffffep0}}
	code, err := newWordCode(m, Exponent, WideWindow)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []float32{1.5, -1.5, 0x1.234566p-14, -0x1.234566p-14, 0x1.fffffep0, -0x1.fffffep0} {
		for place := range WideWindow {
			word := code.encode(w, uint32(place))
			if got := decodeWord(word, Exponent, WideWindow) * code.scale(); got != w {
				t.Errorf("%g at place %d: word %#x is %g", w, place, word, got)
			}
			if got := decodePlace(word, WideWindow); got != place {
				t.Errorf("%g: place %d, want %d", w, got, place)
			}
		}
	}
	if got := math.Float32bits(decodeWord(0, Exponent, WideWindow)); got != 0 {
		t.Errorf("an idle lane decodes to %#x, want 0", got)
	}
}

func second[T any](_ T, err error) error { return err }

// TestWindowLaneBalanced holds that a pattern with equal counts in each row of
// every 8×8 tile fills every lane although windows slide.
func TestWindowLaneBalanced(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	m := NewMatrix(64, 200)
	for top := 0; top < m.Rows; top += 8 {
		for left := 0; left < m.Cols; left += 8 {
			keep := rng.IntN(4)
			for r := top; r < top+8; r++ {
				for _, c := range rng.Perm(8)[:keep] {
					m.Row(r)[left+c] = 1
				}
			}
		}
	}
	p, err := PackWindow(m, Exponent)
	if err != nil {
		t.Fatal(err)
	}
	steps, padded := WindowSteps(m, NarrowWindow, Exponent)
	if steps*8 != m.NNZ() {
		t.Errorf("%d steps for %d weights, want %d", steps, m.NNZ(), m.NNZ()/8)
	}
	if padded != p.Steps() {
		t.Errorf("%d steps counted, %d packed", padded, p.Steps())
	}
	for k := range p.Steps() {
		if p.Base(k)%16 > 8 {
			t.Errorf("step %d: the window at %d crosses a cache line; aligned tiles never need to", k, p.Base(k))
		}
	}
}

// TestWideWindowLines holds that wide windows begin where no load crosses a
// cache line if they can, and reach no farther than they say.
func TestWideWindowLines(t *testing.T) {
	for _, row := range []struct {
		columns []int // of weights, one a row
		base    int
	}{
		{[]int{3, 12}, 0}, {[]int{3, 16}, 3}, {[]int{3, 18}, 3}, {[]int{8, 23}, 8}, {[]int{13, 23}, 8}, {[]int{13, 24}, 13}, {[]int{39}, 32},
	} {
		m := NewMatrix(8, 40)
		for r, c := range row.columns {
			m.Row(r)[c] = 1
		}
		w, err := PackWideWindow(m)
		if err != nil {
			t.Fatal(err)
		}
		if w.Steps() != 4 || w.Base(0) != row.base {
			t.Errorf("weights in columns %v: %d steps, the first at %d, want 4 at %d", row.columns, w.Steps(), w.Base(0), row.base)
		}
	}
	rng := rand.New(rand.NewPCG(7, 8))
	m := randomMatrix(rng, 80, 333, 0.1)
	w, err := PackWideWindow(m)
	if err != nil {
		t.Fatal(err)
	}
	if _, padded := WindowSteps(m, WideWindow, Exponent); padded != w.Steps() {
		t.Errorf("%d steps counted, %d packed", padded, w.Steps())
	}
	if narrow, _ := WindowSteps(m, NarrowWindow, Exponent); w.Steps() >= narrow {
		t.Errorf("%d wide steps, %d narrow ones", w.Steps(), narrow)
	}
	for k := range w.Steps() {
		if end := w.Base(k) + WideWindow; end > m.Cols+w.Reach() {
			t.Errorf("step %d reads up to column %d of %d", k, end, m.Cols)
		}
	}
}

// TestWindowStepsMinimal compares the greedy schedule with the best one of two
// rows, found by trying all windows.
func TestWindowStepsMinimal(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 40 {
		for _, width := range []int{NarrowWindow, WideWindow} {
			cols := width + 7
			m := randomMatrix(rng, 2, cols, 2.5/float64(cols))
			steps, _ := WindowSteps(m, width, Exponent)
			if want := fewestSteps(m, 0, width, map[string]int{}); steps != want {
				t.Fatalf("width %d: %d steps, %d suffice for\n%v\n%v", width, steps, want, m.Row(0), m.Row(1))
			}
		}
	}
}

// fewestSteps tries all windows in ascending order and, in each row, every
// weight inside or none. Taken weights are zeroed.
func fewestSteps(m *Matrix, from, width int, seen map[string]int) int {
	if m.NNZ() == 0 {
		return 0
	}
	key := fmt.Sprint(from, m.Data)
	if n, ok := seen[key]; ok {
		return n
	}
	best := math.MaxInt32
	for base := from; base < m.Cols; base++ {
		for a := -1; a < width; a++ {
			for b := -1; b < width; b++ {
				if a+b == -2 || !takable(m, 0, base, a) || !takable(m, 1, base, b) {
					continue
				}
				rest := &Matrix{Rows: 2, Cols: m.Cols, Data: append([]float32(nil), m.Data...)}
				if a >= 0 {
					rest.Row(0)[base+a] = 0
				}
				if b >= 0 {
					rest.Row(1)[base+b] = 0
				}
				best = min(best, 1+fewestSteps(rest, base, width, seen))
			}
		}
		// Weights left of the next base could never be taken again.
		if m.Row(0)[base] != 0 || m.Row(1)[base] != 0 {
			break
		}
	}
	seen[key] = best
	return best
}

func takable(m *Matrix, r, base, i int) bool {
	return i < 0 || base+i < m.Cols && m.Row(r)[base+i] != 0
}

func TestNearestWithIndex(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 9))
	for range 20000 {
		w := math.Float32frombits(rng.Uint32())
		if e := biasedExponent(w); e == 0 || e > 253 {
			continue
		}
		for _, bits := range []int{3, 5} {
			index := rng.Uint32N(1 << bits)
			v := nearestWithIndex(w, index, bits)
			if math.Float32bits(v)&(1<<bits-1) != index {
				t.Fatalf("%g with index %d: %#x", w, index, math.Float32bits(v))
			}
			if d := math.Abs(float64(v) - float64(w)); d > math.Ldexp(math.Abs(float64(w)), bits-24) && biasedExponent(w) > 1 {
				t.Fatalf("%g with index %d: %g", w, index, v)
			}
		}
	}
}

// FuzzPack packs whatever float32 the bytes are, in all forms, and multiplies
// where float64 can tell what must come of it. Every other number of columns has
// weights between 2^-7 and 2, which all forms can hold.
func FuzzPack(f *testing.F) {
	f.Add(uint16(3), []byte{0, 0, 128, 63, 0, 0, 0, 0, 1, 0, 128, 191, 0, 0, 0, 64})
	f.Add(uint16(9), make([]byte, 400))
	f.Fuzz(func(t *testing.T, cols uint16, data []byte) {
		n := len(data) / 4
		if cols == 0 || n == 0 || n > 4096 {
			return
		}
		m := NewMatrix((n+int(cols)-1)/int(cols), int(cols))
		for i := range n {
			m.Data[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
			if m.Data[i] != m.Data[i] {
				m.Data[i] = 1 // NaN never equals itself
			}
			if b := math.Float32bits(m.Data[i]); cols%2 == 1 && m.Data[i] != 0 {
				m.Data[i] = math.Float32frombits(b&^(248<<23) | 120<<23)
			}
		}
		for name, pack := range packings {
			p, err := pack(m)
			if err != nil {
				continue
			}
			checkShape(t, p, m)
			if encodingError(name) > 0 {
				checkPattern(t, p, m)
			} else {
				checkUnpack(t, p, m, 0)
			}
			if moderate(m) {
				rng := rand.New(rand.NewPCG(uint64(cols), uint64(n)))
				checkMulAdd(t, rng, p, m, encodingError(name))
				checkNaN(t, rng, p, m)
			}
		}
		for _, pack := range reducedPackings() {
			if p, err := pack(m); err == nil {
				checkShape(t, p, m)
				checkNearest(t, p, m)
			}
		}
	})
}

// moderate says that sums of products with weights neither overflow nor lose
// anything to denormal numbers.
func moderate(m *Matrix) bool {
	for _, w := range m.Data {
		if a := math.Abs(float64(w)); a > 0x1p100 || a > 0 && a < 0x1p-80 {
			return false
		}
	}
	return true
}

func checkPattern(t *testing.T, p Packed, m *Matrix) {
	t.Helper()
	u := p.Unpack()
	for i, w := range m.Data {
		if (w == 0) != (u.Data[i] == 0) {
			t.Fatalf("weight %g became %g", w, u.Data[i])
		}
	}
}
