package asm

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/ir/kernel"
)

// severalStep is the distance in float32 of vectors in the tests, more than any
// matrix has rows or columns.
const severalStep = 1808

// rowsStep is the distance in float32 of the vectors that overlap.
const rowsStep = 7

// severalProducts are two products a matrix: one whose sums begin with a constant
// that the vectors share, one that adds to vectors of their own.
func severalProducts(p *kernel.Program) (products []kernel.MatVec) {
	for i := range p.Matrices {
		shared := kernel.MatVec{Dst: kernel.Ref{ID: 0}, Init: kernel.Ref{Space: kernel.Con}, Src: kernel.Ref{ID: 1}, Matrix: i}
		own := shared
		own.Init = kernel.Ref{ID: 2}
		products = append(products, shared, own)
	}
	return products
}

// TestSeveral wants the bits of the kernel for one vector from that for several,
// in a module of their own.
func TestSeveral(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs a module")
	}
	for _, level := range []Level{AVX2, AVX512} {
		t.Run(level.String(), func(t *testing.T) {
			if !hasLevel(level) {
				t.Skipf("this processor has no %s", level)
			}
			p := matvecProgram(t, level)
			t.Log(runModule(t, severalModule(t, p, "several_check.txt"), "test", "-count=1", "."))
		})
	}
}

// severalModule writes a module around the program's matrices: the assembly for
// one vector and for several, one Go function a product and number of vectors,
// and the test file given.
func severalModule(t testing.TB, p *kernel.Program, testFile string) string {
	t.Helper()
	f := NewFile("m", "amd64")
	EmitMatVecs(f, p, kernel.AVX2)
	done := map[string]bool{}
	for i := range p.Matrices {
		emitSeveral(f, &p.Matrices[i].Form, kernel.AVX2, done)
		emitRowsOf(f, &p.Matrices[i].Form, done, kernel.AVX2, kernel.AVX2)
	}
	assembly, stubs, err := f.Render()
	if err != nil {
		t.Fatal(err)
	}
	wide := NewFile("m", "amd64")
	wide.Level = kernel.AVX512
	EmitMatVecs(wide, p, kernel.AVX512)
	for i := range p.Matrices {
		emitSeveral(wide, &p.Matrices[i].Form, kernel.AVX512, done)
		emitRowsOf(wide, &p.Matrices[i].Form, done, kernel.AVX512, kernel.AVX512)
	}
	wideAssembly, wideStubs, err := wide.Render()
	if err != nil {
		t.Fatal(err)
	}
	test, err := os.ReadFile(filepath.Join("testdata", testFile))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, dir, "go.mod", []byte("module m\n\ngo 1.26\n"))
	write(t, dir, "kernels.s", assembly)
	write(t, dir, "kernels.go", stubs)
	write(t, dir, "wide.s", wideAssembly)
	write(t, dir, "wide.go", wideStubs)
	write(t, dir, "calls.go", severalCalls(p))
	write(t, dir, "weights.bin", p.Image())
	write(t, dir, "m_test.go", test)
	return dir
}

// severalCalls prints the table of the products that have kernels for several.
func severalCalls(p *kernel.Program) []byte {
	var table, functions strings.Builder
	l := p.Layout()
	highest := kernel.AVX2
	if hasLevel(kernel.AVX512) {
		highest = kernel.AVX512
	}
	// a kernel for the vectors of one value takes their number as a constant
	rows := func(in kernel.MatVec, level kernel.Level) (calls []kernel.Call) {
		in.Vectors, in.DstStep, in.SrcStep = 2, severalStep, rowsStep
		for _, c := range RowsCalls(p, l, in, level) {
			c.Args[len(c.Args)-3] = kernel.Arg{Kind: kernel.CountArg}
			calls = append(calls, c.Call)
		}
		return calls
	}
	for i, in := range severalProducts(p) {
		calls := SeveralCalls(p, l, in, p.Base)
		if calls == nil {
			continue
		}
		m := &p.Matrices[in.Matrix]
		forms := map[string][]kernel.Call{"one": MatVecCalls(p, l, in.Matrix, p.Base), "several": calls, "windows": rows(in, kernel.AVX2), "wide": rows(in, highest)}
		fmt.Fprintf(&table, "{%q, %d, %d, %d, %v, ", m.Name, m.Packed.Rows(), m.Cols, m.Packed.Steps(), in.Biased())
		for _, form := range []string{"one", "several", "windows", "wide"} {
			if forms[form] == nil {
				table.WriteString("nil, ")
			} else {
				fmt.Fprintf(&table, "%s%d, ", form, i)
			}
		}
		table.WriteString("},\n")
		for form, calls := range forms {
			fmt.Fprintf(&functions, "\n//go:noinline\nfunc %s%d(dst, init, src []float32, n int) {\n", form, i)
			for _, c := range calls {
				fmt.Fprintf(&functions, "\t%s(", c.Func)
				for _, a := range c.Args {
					switch a.Kind {
					case kernel.CountArg:
						functions.WriteString("n, ")
					case kernel.StepArg:
						functions.WriteString("4*step, ")
					default:
						functions.WriteString(printArg(a, true) + ", ")
					}
				}
				functions.WriteString(")\n")
			}
			functions.WriteString("}\n")
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

// step is the distance of vectors.
const step = %d

// overlap is that of vectors of src in the kernels for those of one value.
const overlap = %d

type product struct {
	name              string
	rows, cols, steps int
	shared            bool // init
	one, several, windows, wide func(dst, init, src []float32, n int)
}

var products = []product{
%s}
%s`, severalStep, rowsStep, table.String(), functions.String()))
}

// BenchmarkSeveral times three vectors beside one after the other, with the kernels
// of each level. Run it pinned to one processor and with -benchtime 1x.
func BenchmarkSeveral(b *testing.B) {
	for level, forms := range map[Level][][2]string{
		AVX2:   {{"iid", "dense"}, {"iid", "window"}, {"iid", "exact"}, {"iid", "wide"}},
		AVX512: {{"iid", "chunkfixed"}, {"lane16x32", "chunkfixed"}},
	} {
		if !hasLevel(level) {
			continue
		}
		p := &kernel.Program{Name: "m", Base: level, Level: level}
		for _, s := range [][2]int{{512, 128}, {128, 387}, {512, 512}, {1760, 1760}} {
			rng := rand.New(rand.NewPCG(1, 2))
			for _, form := range forms {
				name, density := fmt.Sprintf("%dx%d/0.1/%s", s[0], s[1], form[0]), 0.1
				if form[1] == "dense" {
					name, density = fmt.Sprintf("%dx%d", s[0], s[1]), 1
				}
				addMatrix(b, p, name, masks[form[0]](rng, s[0], s[1], density), form[1], 0)
			}
		}
		fmt.Print(runModule(b, severalModule(b, p, "several_times.txt"), "test", "-v", "-run", "TestTimes")) // a benchmark's log is cut short
	}
}
