package asm

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// streamed is a packed form with kernels that read it from memory, so that they
// are the same for every matrix.
type streamed struct {
	how     string // of addMatrix; "sparse" or "dense" for several streams
	level   Level  // the program's base
	streams int    // 0 for one
}

// pkg is the package of the runner that has the kernels.
func (s streamed) pkg() string {
	if s.streams > 0 {
		return fmt.Sprintf("by%d", s.streams)
	}
	return s.level.String()
}

// program is one of a matrix, or an error where the form cannot hold it.
func (s streamed) program(t testing.TB, m *sparse.Matrix, maxBytes int) (*kernel.Program, error) {
	t.Helper()
	if s.streams > 0 {
		p := &kernel.Program{Name: "m", Batch: s.streams}
		addProduct(t, p, "m", m, s.how == "dense", maxBytes)
		return p, nil
	}
	p := &kernel.Program{Name: "m", Base: s.level, Level: AVX512}
	if _, _, err := packAs(s.how, m); err != nil {
		return nil, err
	}
	addMatrix(t, p, "m", m, s.how, maxBytes)
	return p, nil
}

// streamedForms are all there are, in order.
func streamedForms(t testing.TB) []streamed {
	t.Helper()
	var list []streamed
	for _, level := range kernel.Levels() {
		for _, how := range packings[level] {
			_, strategy, err := packAs(how, &sparse.Matrix{Rows: 1, Cols: 4, Data: []float32{1, 0, 0, 0}})
			if err != nil {
				t.Fatal(err)
			}
			if !straightLine(strategy) {
				list = append(list, streamed{how: how, level: level})
			}
		}
	}
	for _, streams := range lockstepSizes {
		list = append(list, streamed{how: "sparse", streams: streams}, streamed{how: "dense", streams: streams})
	}
	return list
}

// weightKinds are the values of weights.
var weightKinds = []func(rng *rand.Rand) float32{
	survivor,
	func(rng *rand.Rand) float32 { return float32(rng.NormFloat64()) },
	func(rng *rand.Rand) float32 { return float32(math.Ldexp(rng.NormFloat64(), rng.IntN(30)-15)) },
	func(rng *rand.Rand) float32 { // any finite number, denormal ones among them
		w := math.Float32frombits(rng.Uint32())
		if !finite(w) {
			return 1
		}
		return w
	},
	func(rng *rand.Rand) float32 { return math.Float32frombits(rng.Uint32() & 0x807f_ffff) },
}

// fuzzed is a matrix of the shape, pattern and values that the numbers say.
func fuzzed(rng *rand.Rand, rows, cols int, density float64, mask, values uint8) *sparse.Matrix {
	names := slices.Sorted(maps.Keys(masks))
	m := masks[names[int(mask)%len(names)]](rng, rows, cols, density)
	weight := weightKinds[int(values)%len(weightKinds)]
	for i, w := range m.Data {
		if w != 0 {
			m.Data[i] = weight(rng)
		}
	}
	return m
}

// FuzzMatVec holds the kernels that stream their matrix against the interpreters,
// between guard pages: the assembly bit for bit. A process has all of them, so that
// an input takes a fraction of a millisecond. Straight-line code is for
// [TestKernelSeeds].
func FuzzMatVec(f *testing.F) {
	r := newRunner(f, kernelPrograms(f))
	forms := streamedForms(f)
	for i := range forms {
		for values := range weightKinds {
			f.Add(uint8(i), uint8(40), uint16(100), uint8(30), uint8(i), uint8(values), uint16(0), uint8(i+values), uint64(i))
		}
	}
	kinds := slices.Sorted(maps.Keys(operandKinds))
	f.Fuzz(func(t *testing.T, form, rows uint8, cols uint16, density, mask, values uint8, maxBytes uint16, kind uint8, seed uint64) {
		s := forms[int(form)%len(forms)]
		rng := rand.New(rand.NewPCG(seed, uint64(form)))
		m := fuzzed(rng, 1+int(rows), 1+int(cols)%3000, float64(density)/255, mask, values)
		p, err := s.program(t, m, int(maxBytes))
		if err != nil {
			return // says so in ir/sparse
		}
		tryProgram(t, r, s.pkg(), p, rng, kinds[int(kind)%len(kinds)])
	})
}

// tryProgram does all products of a program in all ways on operands of a kind.
func tryProgram(t testing.TB, r *runner, pkg string, p *kernel.Program, rng *rand.Rand, kind string) {
	t.Helper()
	for _, w := range waysOf(p) {
		if w.level > r.level {
			continue
		}
		if fault := r.do(t, w.trial(t, pkg, w.draw(rng, kind))); fault != "" {
			t.Errorf("%s: %s", kind, fault)
		}
	}
}

// TestKernelSeeds compiles random matrices in all forms, those of straight-line
// code among them, and runs them as [TestGuardPages] does. KERNEL_SEEDS says how
// many modules of a hundred or so: 100 take some minutes.
func TestKernelSeeds(t *testing.T) {
	seeds, err := strconv.Atoi(os.Getenv("KERNEL_SEEDS"))
	if err != nil {
		t.Skip("KERNEL_SEEDS is not the number of modules to run")
	}
	kinds := slices.Sorted(maps.Keys(operandKinds))
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 31))
			programs := map[string]*kernel.Program{}
			for _, level := range kernel.Levels() {
				p := &kernel.Program{Name: "m", Base: level, Level: AVX512}
				for len(p.Matrices) < 100 {
					m := fuzzed(rng, 1+rng.IntN(100), 1+rng.IntN(300), math.Pow(rng.Float64(), 2), uint8(rng.Uint32()), uint8(rng.Uint32()))
					how := packings[level][rng.IntN(len(packings[level]))]
					if _, _, err := packAs(how, m); err == nil {
						addMatrix(t, p, fmt.Sprint(len(p.Matrices)), m, how, rng.IntN(5000))
					}
				}
				programs[level.String()] = p
			}
			r := newRunner(t, programs)
			for _, pkg := range slices.Sorted(maps.Keys(programs)) {
				for _, kind := range kinds {
					tryProgram(t, r, pkg, programs[pkg], rng, kind)
				}
			}
		})
	}
}
