package asm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// matvecModule writes a module around the program's matrices: the assembly,
// the portable kernels, the weights, one Go function a matrix and form of the
// kernels, and the test file given. It returns the folder.
func matvecModule(t testing.TB, p *kernel.Program, testFile string) string {
	t.Helper()
	f := NewFile("m", "amd64")
	EmitMatVecs(f, p, AVX2)
	assembly, stubs, err := f.Render()
	if err != nil {
		t.Fatal(err)
	}
	test, err := os.ReadFile(filepath.Join("testdata", testFile))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files := map[string][]byte{
		"go.mod":      []byte("module m\n\ngo 1.26\n"),
		"kernels.s":   assembly,
		"kernels.go":  stubs,
		"calls.go":    matvecCalls(p),
		"weights.bin": p.Image(),
		"m_test.go":   test,
	}
	portable, err := filepath.Glob("../codegen/rt/matvec*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range portable {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(path)] = []byte(strings.Replace(string(source), "package rt", "package m", 1))
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// matvecCalls prints the table of the program's matrices.
func matvecCalls(p *kernel.Program) []byte {
	var b strings.Builder
	b.WriteString(`package m

import (
	_ "embed"
	"unsafe"
)

//go:embed weights.bin
var weights string

func ptr(off int) *byte { return (*byte)(unsafe.Add(unsafe.Pointer(unsafe.StringData(weights)), off)) }

func view[T any](off, n int) []T { return unsafe.Slice((*T)(unsafe.Pointer(ptr(off))), n) }

type matrix struct {
	name           string
	rows, cols     int
	steps, bytes   int
	asm, portable  func(dst, init, src []float32)
}

var matrices = []matrix{
`)
	l := p.Layout()
	for i, m := range p.Matrices {
		bytes := 0
		for _, s := range m.Packed.Sections() {
			bytes += len(s.Data)
		}
		fmt.Fprintf(&b, "{%q, %d, %d, %d, %d, asm%d, portable%d},\n", m.Name, m.Packed.Rows(), m.Cols, m.Packed.Steps(), bytes, i, i)
	}
	b.WriteString("}\n")
	for i := range p.Matrices {
		for form, calls := range map[string][]kernel.Call{"asm": MatVecCalls(p, l, i, AVX2), "portable": kernel.PortableCalls(p, l, i)} {
			fmt.Fprintf(&b, "\n//go:noinline\nfunc %s%d(dst, init, src []float32) {\n", form, i)
			for _, c := range calls {
				fmt.Fprintf(&b, "\t%s(", c.Func)
				for _, a := range c.Args {
					b.WriteString(printArg(a, form == "asm") + ", ")
				}
				b.WriteString(")\n")
			}
			b.WriteString("}\n")
		}
	}
	return []byte(b.String())
}

func printArg(a kernel.Arg, pointer bool) string {
	vector := map[kernel.ArgKind]string{kernel.DstArg: "dst", kernel.InitArg: "init", kernel.SrcArg: "src"}[a.Kind]
	switch {
	case a.Kind == kernel.IntArg:
		return fmt.Sprint(a.Value)
	case a.Kind == kernel.WeightsArg && pointer:
		return fmt.Sprintf("ptr(%d)", a.Off)
	case a.Kind == kernel.WeightsArg:
		return fmt.Sprintf("view[%s](%d, %d)", a.Elem, a.Off, a.Len)
	case pointer:
		return fmt.Sprintf("&%s[%d]", vector, a.Off)
	}
	return fmt.Sprintf("%s[%d:%d]", vector, a.Off, a.Off+a.Len)
}

// runModule runs go in a module without network, on one processor.
func runModule(t testing.TB, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off", "GOMAXPROCS=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// masks are ways to choose which weights of a row survive: the largest of
// normal random ones, so that values look like those of a pruned matrix.
var masks = map[string]func(rng *rand.Rand, rows, cols int, density float64) *sparse.Matrix{
	"iid":   func(rng *rand.Rand, rows, cols int, d float64) *sparse.Matrix { return iid(rng, rows, cols, 1, d) },
	"block": func(rng *rand.Rand, rows, cols int, d float64) *sparse.Matrix { return iid(rng, rows, cols, 8, d) },
	"lane":  laneBalanced,
}

// iid keeps columns of height rows independently.
func iid(rng *rand.Rand, rows, cols, height int, density float64) *sparse.Matrix {
	m := sparse.NewMatrix(rows, cols)
	for first := 0; first < rows; first += height {
		for c := range cols {
			if rng.Float64() >= density {
				continue
			}
			for r := first; r < min(first+height, rows); r++ {
				m.Row(r)[c] = survivor(rng)
			}
		}
	}
	return m
}

// laneBalanced keeps, in every 8×8 tile, the same number of weights in each
// row: 0, 1 or 2 with the mean that gives the density.
func laneBalanced(rng *rand.Rand, rows, cols int, density float64) *sparse.Matrix {
	m := sparse.NewMatrix(rows, cols)
	for top := 0; top < rows; top += 8 {
		for left := 0; left < cols; left += 8 {
			width := min(8, cols-left)
			keep := 0
			for range width {
				if rng.Float64() < density {
					keep++
				}
			}
			for r := top; r < min(top+8, rows); r++ {
				for _, c := range rng.Perm(width)[:keep] {
					m.Row(r)[left+c] = survivor(rng)
				}
			}
		}
	}
	return m
}

// survivor is a weight of a matrix pruned to about 10 %.
func survivor(rng *rand.Rand) float32 {
	v := float32(0.1 * (1 + math.Abs(rng.NormFloat64())))
	if rng.IntN(2) == 0 {
		v = -v
	}
	return v
}

// addMatrix packs m for a strategy and adds it to the program.
func addMatrix(t testing.TB, p *kernel.Program, name string, m *sparse.Matrix, how string, maxBytes int) {
	t.Helper()
	var packed sparse.Packed
	var err error
	strategy := kernel.Window
	switch how {
	case "dense":
		packed, strategy = sparse.PackDense(m), kernel.Dense
	case "block4", "block8", "block16":
		var height int
		fmt.Sscanf(how, "block%d", &height)
		packed, err = sparse.PackBlock(m, height)
		strategy = kernel.Block
	case "csr":
		packed, err = sparse.PackCSR(m)
		strategy = kernel.CSR
	case "window":
		packed, err = sparse.PackWindow(m, sparse.Mantissa)
	case "exact":
		packed, err = sparse.PackWindow(m, sparse.Exponent)
	case "wide":
		packed, err = sparse.PackWideWindow(m)
	case "unrolled":
		packed, err = sparse.PackWindow(m, sparse.Mantissa)
		strategy = kernel.Unrolled
	case "unrolledexact":
		packed, err = sparse.PackWindow(m, sparse.Exponent)
		strategy = kernel.Unrolled
	case "unrolledwide":
		packed, err = sparse.PackWideWindow(m)
		strategy = kernel.Unrolled
	default:
		packed, strategy, err = packReduced(how, m)
	}
	if err != nil {
		t.Fatal(err)
	}
	ranges := kernel.RangesFor(packed.(interface {
		Rows() int
		Granule() int
		Bytes(from, to int) int
	}), maxBytes)
	p.Matrices = append(p.Matrices, kernel.Matrix{
		Name: name + "/" + how, Rows: m.Rows, Cols: m.Cols, NNZ: m.NNZ(),
		Form: kernel.Form{Strategy: strategy, Packed: packed, Ranges: ranges},
	})
}

var allPackings = append([]string{"dense", "block4", "block8", "block16", "window", "exact", "wide", "unrolled", "unrolledexact", "unrolledwide", "csr"}, reducedPackings...)

// BenchmarkMatVec times the kernels in one process, in interleaved rounds, and
// prints their medians beside the dense kernel's. Run it pinned to one processor
// and with -benchtime 1x. MATVEC_SHAPES ("512x128,1760x1760") restricts it.
func BenchmarkMatVec(b *testing.B) {
	shapes := [][2]int{{512, 128}, {768, 256}, {1152, 384}, {1760, 1760}, {7680, 2560}}
	only := strings.FieldsFunc(os.Getenv("MATVEC_SHAPES"), func(r rune) bool { return r == ',' })
	for _, s := range shapes {
		shape := fmt.Sprintf("%dx%d", s[0], s[1])
		if len(only) > 0 && !slices.Contains(only, shape) {
			continue
		}
		rng := rand.New(rand.NewPCG(1, 2))
		p := &kernel.Program{Name: "m"}
		addMatrix(b, p, shape, iid(rng, s[0], s[1], 1, 1), "dense", 0)
		for _, density := range []float64{0.1, 0.05} {
			name := fmt.Sprintf("%s/%.2f", shape, density)
			for _, how := range []string{"window", "exact", "wide", "unrolled", "unrolledexact"} {
				if strings.HasPrefix(how, "unrolled") && s[0]*s[1] > 4e5 {
					continue
				}
				addMatrix(b, p, name+"/iid", masks["iid"](rng, s[0], s[1], density), how, 0)
				addMatrix(b, p, name+"/lane", masks["lane"](rng, s[0], s[1], density), how, 0)
			}
			addMatrix(b, p, name+"/iid", masks["iid"](rng, s[0], s[1], density), "csr", 0)
			addMatrix(b, p, name, iid(rng, s[0], s[1], 4, density), "block4", 0)
			addMatrix(b, p, name, iid(rng, s[0], s[1], 8, density), "block8", 0)
			addMatrix(b, p, name, iid(rng, s[0], s[1], 16, density), "block16", 0)
		}
		dir := matvecModule(b, p, "matvec_times.txt")
		// A benchmark's log is cut short.
		fmt.Print(runModule(b, dir, "test", "-v", "-run", "TestTimes"))
	}
}
