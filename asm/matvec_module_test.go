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

	"golang.org/x/sys/cpu"

	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// hasLevel reports whether this machine runs the kernels of a level.
func hasLevel(level Level) bool {
	x := cpu.X86
	wide := x.HasAVX512F && x.HasAVX512CD && x.HasAVX512DQ && x.HasAVX512BW && x.HasAVX512VL
	return x.HasAVX2 && x.HasFMA && (level < AVX512 || wide)
}

// needLevel skips the test on a machine that does not.
func needLevel(t testing.TB, level Level) {
	t.Helper()
	if !hasLevel(level) {
		t.Skipf("the machine has no %s", level)
	}
}

// product is a matrix of a program at one level.
type product struct {
	matrix int
	level  Level
}

// products are the matrices of a program, each at every level that has kernels
// of its own for it.
func products(p *kernel.Program) []product {
	var list []product
	for i := range p.Matrices {
		last := ""
		for _, level := range p.Levels() {
			parts := parts(p, i, level)
			if name := parts[0].name; name != last && parts[0].level <= level {
				list = append(list, product{i, level})
				last = name
			}
		}
	}
	return list
}

// matvecModule writes a module around the program's matrices: the assembly,
// the portable kernels, the weights, one Go function a product and form of the
// kernels, and the test file given. It returns the folder.
func matvecModule(t testing.TB, p *kernel.Program, testFile string) string {
	t.Helper()
	test, err := os.ReadFile(filepath.Join("testdata", testFile))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files := map[string][]byte{
		"go.mod":      []byte("module m\n\ngo 1.26\n"),
		"calls.go":    matvecCalls(p),
		"weights.bin": p.Image(),
		"m_test.go":   test,
	}
	for _, level := range kernel.Levels() {
		f := NewFile("m", "amd64")
		f.Level = level
		if EmitMatVecs(f, p, level) == 0 {
			continue
		}
		assembly, stubs, err := f.Render()
		if err != nil {
			t.Fatal(err)
		}
		files["kernels_"+level.String()+".s"], files["kernels_"+level.String()+".go"] = assembly, stubs
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
	for i, product := range products(p) {
		m := p.Matrices[product.matrix]
		name := m.Name
		if product.level > AVX2 {
			name += "/" + product.level.String()
		}
		fmt.Fprintf(&b, "{%q, %d, %d, %d, %d, asm%d, portable%d},\n", name, m.Packed.Rows(), m.Cols, m.Packed.Steps(), m.Size(), i, i)
	}
	b.WriteString("}\n")
	for i, product := range products(p) {
		asm := MatVecCalls(p, l, product.matrix, product.level)
		for form, calls := range map[string][]kernel.Call{"asm": asm, "portable": kernel.PortableCalls(p, l, product.matrix)} {
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
	"iid":     func(rng *rand.Rand, rows, cols int, d float64) *sparse.Matrix { return iid(rng, rows, cols, 1, d) },
	"block4":  func(rng *rand.Rand, rows, cols int, d float64) *sparse.Matrix { return iid(rng, rows, cols, 4, d) },
	"block8":  func(rng *rand.Rand, rows, cols int, d float64) *sparse.Matrix { return iid(rng, rows, cols, 8, d) },
	"block16": func(rng *rand.Rand, rows, cols int, d float64) *sparse.Matrix { return iid(rng, rows, cols, 16, d) },
	"lane": func(rng *rand.Rand, rows, cols int, d float64) *sparse.Matrix {
		return laneBalanced(rng, rows, cols, 8, 8, d)
	},
	"lane16x32": func(rng *rand.Rand, rows, cols int, d float64) *sparse.Matrix {
		return laneBalanced(rng, rows, cols, 16, 32, d)
	},
	"block8x4": func(rng *rand.Rand, rows, cols int, d float64) *sparse.Matrix {
		m := iid(rng, rows, (cols+3)/4, 8, d)
		wide := sparse.NewMatrix(rows, cols)
		for i := range wide.Data {
			if m.Row(i / cols)[i%cols/4] != 0 {
				wide.Data[i] = survivor(rng)
			}
		}
		return wide
	},
	"small": withSmall,
}

// withSmall has some weights that are far smaller than the others of their row.
func withSmall(rng *rand.Rand, rows, cols int, density float64) *sparse.Matrix {
	m := iid(rng, rows, cols, 1, density)
	for range 1 + m.NNZ()/100 {
		m.Data[rng.IntN(len(m.Data))] *= 0x1p-4
	}
	return m
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

// laneBalanced keeps, in every tile of height×width, the same number of weights
// in each row, with the mean that gives the density.
func laneBalanced(rng *rand.Rand, rows, cols, height, width int, density float64) *sparse.Matrix {
	m := sparse.NewMatrix(rows, cols)
	for top := 0; top < rows; top += height {
		for left := 0; left < cols; left += width {
			width := min(width, cols-left)
			keep := 0
			for range width {
				if rng.Float64() < density {
					keep++
				}
			}
			for r := top; r < min(top+height, rows); r++ {
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

// packAs packs m for a strategy.
func packAs(how string, m *sparse.Matrix) (sparse.Packed, kernel.Strategy, error) {
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
	case "block4panels", "block16panels":
		var height int
		fmt.Sscanf(how, "block%dpanels", &height)
		packed, err = sparse.PackBlockPanels(m, thirds(m.Cols), height)
		strategy = kernel.Block
	case "csr":
		packed, err = sparse.PackCSR(m)
		strategy = kernel.CSR
	case "block8x4":
		packed, err = sparse.PackWideBlock(m)
		strategy = kernel.Block
	case "window":
		packed, err = sparse.PackWindow(m, sparse.Mantissa)
	case "exact":
		packed, err = sparse.PackWindow(m, sparse.Exponent)
	case "fixed":
		packed, err = sparse.PackWindow(m, sparse.Fixed)
	case "windowpanels":
		packed, err = sparse.PackWindowPanels(m, thirds(m.Cols), sparse.Mantissa, sparse.NarrowWindow)
	case "fixedpanels":
		packed, err = sparse.PackWindowPanels(m, thirds(m.Cols), sparse.Fixed, sparse.NarrowWindow)
	case "widepanels":
		packed, err = sparse.PackWindowPanels(m, thirds(m.Cols), sparse.Exponent, sparse.WideWindow)
	case "copies":
		packed, err = sparse.PackWindowCopies(m)
		strategy = kernel.Copies
	case "wide":
		packed, err = sparse.PackWideWindow(m)
	case "unrolled":
		packed, err = sparse.PackStraight(m)
		strategy = kernel.Unrolled
	case "chunk":
		packed, strategy = sparse.PackChunk(m), kernel.Chunk
	case "chunkfixed":
		packed, err = sparse.PackFixedChunk(m)
		strategy = kernel.Chunk
	case "chunkfixedpanels":
		packed, err = sparse.PackFixedChunkPanels(m, panelsOf(m.Cols, ((m.Cols+2)/3+15)/16*16))
		strategy = kernel.Chunk
	case "chunkunrolled":
		packed, strategy = sparse.PackChunk(m), kernel.ChunkUnrolled
	default:
		packed, strategy, err = packReduced(how, m)
	}
	return packed, strategy, err
}

// thirds cuts columns into three panels, or fewer where there are few.
func thirds(cols int) []sparse.Span { return panelsOf(cols, (cols+2)/3) }

// panelsOf cuts columns into panels of a width.
func panelsOf(cols, width int) []sparse.Span {
	var panels []sparse.Span
	for from := 0; from < cols; from += width {
		panels = append(panels, sparse.Span{From: from, To: min(from+width, cols)})
	}
	return panels
}

// addMatrix packs m for a strategy and adds it to the program.
func addMatrix(t testing.TB, p *kernel.Program, name string, m *sparse.Matrix, how string, maxBytes int) {
	t.Helper()
	packed, strategy, err := packAs(how, m)
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

// packings are those that have kernels at a level.
var packings = map[Level][]string{
	AVX2:   allPackings,
	AVX512: {"chunk", "chunkfixed", "chunkfixedpanels", "chunkunrolled"},
}

var allPackings = append([]string{
	"dense",
	"block4", "block8", "block16", "block8x4", "block4panels", "block16panels",
	"window", "exact", "fixed", "wide",
	"windowpanels", "fixedpanels", "widepanels",
	"copies",
	"unrolled",
	"csr",
}, reducedPackings...)

// BenchmarkMatVec times the kernels in one process, in interleaved rounds, and
// prints their medians beside the dense kernel's. Run it pinned to one processor
// and with -benchtime 1x. MATVEC_SHAPES ("512x128,1760x1760") restricts it, and
// MATVEC_PACKINGS ("exact,chunk").
func BenchmarkMatVec(b *testing.B) {
	only := strings.FieldsFunc(os.Getenv("MATVEC_PACKINGS"), func(r rune) bool { return r == ',' })
	p := &kernel.Program{Name: "m"}
	if hasLevel(AVX512) {
		p.Level = AVX512
	}
	for _, s := range benchmarkShapes([][2]int{{512, 128}, {768, 256}, {1152, 384}, {1760, 1760}, {3072, 3072}, {7680, 2560}}) {
		rng := rand.New(rand.NewPCG(1, 2))
		shape := fmt.Sprintf("%dx%d", s[0], s[1])
		p.Matrices = nil
		addMatrix(b, p, shape, iid(rng, s[0], s[1], 1, 1), "dense", 0)
		for _, density := range []float64{0.1, 0.05} {
			for _, c := range timedPackings {
				large := strings.Contains(c.how, "unrolled") && s[0]*s[1] > 4e5
				foreign := strings.HasPrefix(c.how, "chunk") && p.Level < AVX512
				if large || foreign || len(only) > 0 && !slices.Contains(only, c.how) {
					continue
				}
				addMatrix(b, p, fmt.Sprintf("%s/%.2f/%s", shape, density, c.mask), masks[c.mask](rng, s[0], s[1], density), c.how, 0)
			}
		}
		dir := matvecModule(b, p, "matvec_times.txt")
		// A benchmark's log is cut short.
		fmt.Print(runModule(b, dir, "test", "-v", "-run", "TestTimes"))
	}
}

// timedPackings are the packings that the benchmark times, with patterns for
// which they are made.
var timedPackings = []struct{ mask, how string }{
	{"iid", "window"}, {"lane", "window"}, {"iid", "exact"}, {"lane", "exact"}, {"iid", "fixed"}, {"lane", "fixed"}, {"iid", "copies"}, {"iid", "wide"}, {"lane", "wide"},
	{"iid", "unrolled"}, {"lane", "unrolled"},
	{"iid", "chunk"}, {"lane16x32", "chunk"}, {"iid", "chunkfixed"}, {"lane16x32", "chunkfixed"}, {"lane16x32", "chunkfixedpanels"}, {"iid", "chunkunrolled"}, {"lane16x32", "chunkunrolled"},
	{"iid", "csr"}, {"block4", "block4"}, {"block8", "block8"}, {"block8x4", "block8x4"}, {"block16", "block16"},
}
