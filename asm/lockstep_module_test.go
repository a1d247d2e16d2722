package asm

import (
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

// lockstepSizes are the numbers of streams that have kernels.
var lockstepSizes = []int{8, 16, 24, 32}

// addProduct packs m for the program's streams and adds it with two products: one
// whose sums begin with a constant, one that adds to its result.
func addProduct(t testing.TB, p *kernel.Program, name string, m *sparse.Matrix, dense bool, maxBytes int) {
	t.Helper()
	var packed sparse.Packed
	strategy := kernel.Stream
	if dense {
		packed, strategy = sparse.DenseLockstep{Dense: sparse.PackDense(m)}, kernel.Dense
	} else {
		s, err := sparse.PackStream(m, p.Batch)
		if err != nil {
			t.Fatal(err)
		}
		packed = s
	}
	ranges := kernel.RangesFor(packed.(interface {
		Rows() int
		Granule() int
		Bytes(from, to int) int
	}), maxBytes)
	p.Matrices = append(p.Matrices, kernel.Matrix{
		Name: fmt.Sprintf("%s/%s/%d", name, strategy, p.Batch), Rows: m.Rows, Cols: m.Cols, NNZ: m.NNZ(),
		Form: kernel.Form{Strategy: strategy, Packed: packed, Ranges: ranges},
	})
	bias := kernel.MatVec{Dst: kernel.Ref{ID: 0}, Init: kernel.Ref{Space: kernel.Con}, Src: kernel.Ref{ID: 1}, Matrix: len(p.Matrices) - 1}
	added := bias
	added.Init = kernel.Ref{ID: 2}
	p.Layers = append(p.Layers, kernel.Layer{Instrs: []kernel.Instr{bias, added}})
}

func lockstepProgram(t testing.TB, streams int) *kernel.Program {
	p := &kernel.Program{Name: "m", Batch: streams}
	for i, shape := range []struct {
		rows, cols int
		density    float64
	}{
		{1, 1, 1}, {1, 1, 0}, {1, 200, 0.3}, {200, 1, 0.5}, {8, 8, 1}, {7, 9, 0.5}, {33, 17, 1}, {40, 64, 0},
		{57, 101, 0.1}, {100, 257, 0.05}, {16, 1700, 0.02}, {144, 66, 0.01}, {75, 300, 0.4},
	} {
		rng := rand.New(rand.NewPCG(uint64(i), 21))
		m := iid(rng, shape.rows, shape.cols, 1, shape.density)
		for _, dense := range []bool{false, true} {
			addProduct(t, p, fmt.Sprintf("%dx%d/%g", m.Rows, m.Cols, shape.density), m, dense, []int{0, 1, 4000}[i%3])
		}
	}
	return p
}

// TestLockstep runs the assembly and the portable kernels on many matrices in a
// module of their own, against the interpreters of the packed forms, vector by
// vector: the assembly gives their bits, the portable kernels are within the
// rounding of a different order of additions. The programs of one size have weights
// enough to be far.
func TestLockstep(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs a module")
	}
	dir := t.TempDir()
	write(t, dir, "go.mod", []byte("module m\n\ngo 1.26\n"))
	for _, streams := range lockstepSizes {
		p := lockstepProgram(t, streams)
		if streams == lockstepSizes[0] {
			addProduct(t, p, "large", iid(rand.New(rand.NewPCG(1, 23)), 1000, 720, 1, 1), false, 0)
		}
		if got, want := far(p), streams == lockstepSizes[0]; got != want {
			t.Errorf("%d streams: weights are far: %v, want %v", streams, got, want)
		}
		sub := filepath.Join(dir, fmt.Sprintf("by%d", streams))
		lockstepPackage(t, sub, p, "lockstep_check.txt")
		write(t, sub, "cases.bin", lockstepCases(p))
	}
	t.Log(runModule(t, dir, "test", "-count=1", "./..."))
}

func write(t testing.TB, dir, name string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// lockstepPackage writes a package around the program's products: the assembly,
// the portable kernels, the weights, one Go function a product and form of the
// kernels, and the test file given.
func lockstepPackage(t testing.TB, dir string, p *kernel.Program, testFile string) {
	t.Helper()
	f := NewFile("m", "amd64")
	EmitLockstep(f, p)
	assembly, stubs, err := f.Render()
	if err != nil {
		t.Fatal(err)
	}
	portable, err := os.ReadFile("../codegen/rt/lockstep.go")
	if err != nil {
		t.Fatal(err)
	}
	test, err := os.ReadFile(filepath.Join("testdata", testFile))
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "kernels.s", assembly)
	write(t, dir, "kernels.go", stubs)
	write(t, dir, "lockstep.go", []byte(strings.Replace(string(portable), "package rt", "package m", 1)))
	write(t, dir, "calls.go", lockstepCalls(p))
	write(t, dir, "weights.bin", p.Image())
	write(t, dir, "m_test.go", test)
}

// lockstepCalls prints the table of the program's products.
func lockstepCalls(p *kernel.Program) []byte {
	var table, functions strings.Builder
	l := p.Layout()
	for i, layer := range p.Layers {
		for j, in := range layer.Instrs {
			product := in.(kernel.MatVec)
			m := &p.Matrices[product.Matrix]
			fmt.Fprintf(&table, "{%q, %d, %d, %v, asm%d_%d, portable%d_%d},\n", m.Name, m.Packed.Rows(), m.Cols, product.Biased(), i, j, i, j)
			for _, form := range []string{"asm", "portable"} {
				calls := LockstepCalls(p, l, product)
				if form == "portable" {
					calls = kernel.PortableLockstepCalls(p, l, product)
				}
				fmt.Fprintf(&functions, "\n//go:noinline\nfunc %s%d_%d(dst, init, src []float32) {\n", form, i, j)
				for _, c := range calls {
					fmt.Fprintf(&functions, "\t%s(", c.Func)
					for _, a := range c.Args {
						functions.WriteString(printArg(a, form == "asm") + ", ")
					}
					functions.WriteString(")\n")
				}
				functions.WriteString("}\n")
			}
		}
	}
	return []byte(fmt.Sprintf(`package m

import (
	_ "embed"
	"unsafe"
)

//go:embed weights.bin
var weights string

func ptr(off int) *byte { return (*byte)(unsafe.Add(unsafe.Pointer(unsafe.StringData(weights)), off)) }

func view[T any](off, n int) []T { return unsafe.Slice((*T)(unsafe.Pointer(ptr(off))), n) }

const streams = %d

type product struct {
	name          string
	rows, cols    int
	bias          bool // init is one element a row
	asm, portable func(dst, init, src []float32)
}

var products = []product{
%s}
%s`, p.Batch, table.String(), functions.String()))
}

// lockstepCases holds, for each product and three kinds of src, src, init, the
// result of the interpreter and the tolerance of the portable kernel, element
// after element of all streams.
func lockstepCases(p *kernel.Program) []byte {
	var b []byte
	put := func(vectors ...[]float32) {
		for _, v := range vectors {
			for _, f := range v {
				b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
			}
		}
	}
	for i, layer := range p.Layers {
		for j, in := range layer.Instrs {
			product := in.(kernel.MatVec)
			m := &p.Matrices[product.Matrix]
			rng := rand.New(rand.NewPCG(uint64(2*i+j), 22))
			rows, cols := m.Packed.Rows(), m.Cols
			for _, special := range []float64{0, math.NaN(), math.Inf(-1)} {
				src, init, want, tolerance := make([][]float32, p.Batch), make([][]float32, p.Batch), make([][]float32, p.Batch), make([][]float32, p.Batch)
				for s := range src {
					src[s], init[s], want[s] = make([]float32, cols+16), make([]float32, rows), make([]float32, rows)
					for k := range cols {
						src[s][k] = float32(rng.NormFloat64())
					}
					for k := range init[s] {
						init[s][k] = float32(rng.NormFloat64())
					}
					if product.Biased() {
						init[s] = init[0]
					}
				}
				if special != 0 {
					src[rng.IntN(p.Batch)][rng.IntN(cols)] = float32(special)
				}
				for s := range src {
					m.Packed.MulAdd(want[s], init[s], src[s])
					tolerance[s] = portableTolerance(m.Packed, init[s], src[s])
					src[s] = src[s][:cols]
				}
				inits := interleave(init)
				if product.Biased() {
					inits = init[0]
				}
				put(interleave(src), inits, interleave(want), interleave(tolerance))
			}
		}
	}
	return b
}

// interleave puts vectors side by side, element after element.
func interleave(vectors [][]float32) []float32 {
	var all []float32
	for i := range vectors[0] {
		for _, v := range vectors {
			all = append(all, v[i])
		}
	}
	return all
}

// TestEmitLockstepOnce wants each kernel once, in the order of first use.
func TestEmitLockstepOnce(t *testing.T) {
	p := &kernel.Program{Name: "m", Batch: 16}
	m := iid(rand.New(rand.NewPCG(1, 1)), 40, 40, 1, 0.2)
	for range 2 {
		addProduct(t, p, "m", m, true, 0)
		addProduct(t, p, "m", m, false, 0)
	}
	f := NewFile("m", "amd64")
	EmitLockstep(f, p)
	assembly, _, err := f.Render()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for line := range strings.Lines(string(assembly)) {
		if name, ok := strings.CutPrefix(line, "TEXT ·"); ok {
			names = append(names, name[:strings.IndexByte(name, '(')])
		}
	}
	want := []string{"lockstepF32Dense32BiasBy16AVX2", "lockstepF32Dense8BiasBy16AVX2", "lockstepF32Dense32By16AVX2", "lockstepF32Dense8By16AVX2",
		"lockstepF32StreamBiasBy16AVX2", "lockstepF32StreamBy16AVX2"}
	if !slices.Equal(names, want) {
		t.Errorf("functions %v, want %v", names, want)
	}
}

// BenchmarkLockstep times products in one process, in interleaved rounds, and
// prints their medians. Run it pinned to one processor and with -benchtime 1x.
func BenchmarkLockstep(b *testing.B) {
	for _, streams := range lockstepSizes {
		p := &kernel.Program{Name: "m", Batch: streams}
		for _, s := range [][2]int{{512, 128}, {1760, 1760}} {
			rng := rand.New(rand.NewPCG(1, 2))
			shape := fmt.Sprintf("%dx%d", s[0], s[1])
			addProduct(b, p, shape, iid(rng, s[0], s[1], 1, 1), true, 0)
			for _, density := range []float64{0.1, 0.05} {
				addProduct(b, p, fmt.Sprintf("%s/%.2f", shape, density), iid(rng, s[0], s[1], 1, density), false, 0)
			}
		}
		dir := b.TempDir()
		write(b, dir, "go.mod", []byte("module m\n\ngo 1.26\n"))
		lockstepPackage(b, dir, p, "lockstep_times.txt")
		fmt.Print(runModule(b, dir, "test", "-v", "-run", "TestTimes")) // a benchmark's log is cut short
	}
}
