package asm

import (
	"fmt"
	"math"
	"slices"

	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// The matrix–vector kernels, and what they cost on a Zen 4 (one thread, 3.69
// GHz, weights in cache; BenchmarkMatVec). A step is a multiply-add of 8 lanes,
// of 4 for 4×1 blocks; "bound" is where the weights come from beyond.
//
//	kernel              cycles/step   bytes/step   bound
//	dense               1.02          32           31 bytes/cycle from L2, 27 from L3, 10 from memory
//	block 4×1           1.1           18           24 bytes/cycle from L3
//	block 8×1           1.25          34
//	block 16×1          1.05          33
//	window              1.37          34           24 bytes/cycle from L3
//	window, fixed       1.38          34           a group reads 32 bytes of scales
//	window, exact       1.53          34
//	window of 16        2.3           34           24 bytes/cycle from L3
//	unrolled            1.1           36 + 18 of code; 1.8 cycles where code exceeds 32 KB
//	csr                 1.15          6            a step is a single weight
//
// A row group adds 1 to 5 cycles. Unrolled counts the steps that do something, the
// others those padded to a multiple of 4 in each group, of 2 in the fixed form. It is
// straight-line code with an accumulator for each group of a tile, and wins below about
// 1,800 steps.
//
// µs, and how many times faster than dense, at 10 and 5 % of the weights; all of
// these but window keep every float32:
//
//	matrix     dense  window      fixed       unrolled    window lane  fixed lane   unrolled     block 8×1
//	512×128    2.28   0.67  3.4×  0.67  3.4×  0.58  3.9×  0.37   6.2×  0.38   5.9×  0.24   9.3×  0.30  7.6×
//	                  0.47  4.8×  0.50  4.5×  0.39  5.8×  0.18    13×  0.20    11×  0.11    20×  0.17 13.8×
//	768×256    8.1    1.90  4.3×  1.92  4.2×  2.42  3.3×  0.94   8.6×  0.95   8.5×  1.23   6.6×  0.85   10×
//	                  1.30  6.2×  1.33  6.1×  1.66  4.9×  0.51    16×  0.52    15×  0.43    19×  0.48   18×
//	1152×384   18.7   4.25  4.4×  4.34  4.3×              2.04   9.2×  2.07   9.0×               1.90  9.8×
//	                  2.85  6.6×  2.99  6.3×              1.05    18×  1.12    17×               0.99   19×
//	1760×1760  155    30.8  5.0×  31.9  4.9×              15.6   9.9×  16.5   9.4×               15.5   10×
//	                  20.8  7.4×  21.5  7.2×              7.6     20×  7.6     20×               6.7    23×
//
// Those are random orders of rows. With rows clustered, as the compiler does, the
// element-wise ones of 512×128 take 0.43 and 0.21 µs unrolled, of 1152×384 3.8
// and 2.5 µs fixed, of 1760×1760 28.9 and 19.7.
//
// Panels of columns: a line of src that a group of rows passes over waits for the
// next ones, and the stream of weights pushes it out before. From the third level, two
// panels take less than one of 10 KiB of src (`sparsec bench kernels`, µs): 3072×3072
// lane 8×8 at 10 % 45.9 to 47.4 instead of 52.5, at 5 % 23.8 instead of 28.0, 7680×2560
// at 5 % 51.8 instead of 55.7; 3072×3072 in 8×1 blocks at 10 % 46.1 instead of 53.0, at
// 40 % 218 to 229 instead of 314 to 320. 2048×2048 and 1024×4096 take as long in either.
// Three are no better than two where two suffice. Weights of fewer bits gain nothing:
// their arithmetic binds.
//
// A window of 16 columns takes 0.75 of the steps of one of 8 at 5 %, 0.79 at
// 10 %, so it wins only where the weights come from beyond the cache: 7680×2560
// at 10 %, 330 µs against 490; a GRU of twice that at 5 %, 17 MB against 23, 450
// to 520 µs against 830 to 890.
//
// The lane-balanced patterns gain from windows that avoid to cross cache lines,
// which needs src aligned to 64 bytes. Tried without gain: eight accumulators
// instead of four; software prefetch of the stream, 1 KB ahead, temporal or
// not (15 to 25 % slower from L3, where the hardware's prefetch of one
// ascending stream is enough), or 2 to 16 KB ahead into any level (up to 25 %
// slower); two quadruples a turn in the loop of shifted groups; loops aligned to 32 or
// 64 bytes; bases of one byte (as fast as panels, which need no form of their own).
//
// Places beside the weights, as unrolled has them, leave a packed stream three vector
// instructions a step of the four of the fixed form, and 38 bytes of 34. But shifts
// run on the ports of the permutes, and reads bind: 1152×384 and 1760×1760 take
// -2 to +7 % more cycles, 3072×3072 4 to 25 %. Without loading and cutting out bases
// at all, the fixed form would take 1.16 cycles in place of 1.28. Windows that cross a
// cache line, a third of those of element-wise patterns, cost half a cycle each; to
// read these from a copy of src, shifted by half a line, saves 3 to 5 % up to
// 1152×384, and costs up to half where src then takes more of the first level.

// EmitMatVecs appends the matrix–vector kernels of a level that the program's
// matrices need, each once, and one function for each matrix that is
// straight-line code. In the file of AVX2 that includes what the higher levels
// of the program borrow from it. It returns the number of kernels.
func EmitMatVecs(f *File, p *kernel.Program, level kernel.Level) int {
	done := map[string]bool{}
	for i := range p.Matrices {
		for _, user := range p.Levels() {
			for _, part := range parts(p, i, user) {
				if part.level == level && !done[part.name] {
					done[part.name] = true
					part.emit(f)
				}
			}
		}
	}
	return len(done)
}

// MatVecCalls is how the assembly of a level computes a matrix of the program,
// whose weights lie as the layout says: one call for each range of the matrix,
// two where a range has a shorter panel at its end, and in the chunk form one for
// each panel of columns of a range.
func MatVecCalls(p *kernel.Program, l kernel.Layout, matrix int, level kernel.Level) []kernel.Call {
	var calls []kernel.Call
	for _, part := range parts(p, matrix, level) {
		calls = append(calls, part.call(p.Matrices[matrix].At(level), l.At(matrix, level)))
	}
	return calls
}

// call is the call of a part of a form whose sections lie at the places given.
func (part part) call(form *kernel.Form, sections []int) kernel.Call {
	row, rows := 8*part.groups.From, 8*(part.groups.To-part.groups.From)
	call := kernel.Call{Func: part.name, Args: kernel.Vectors(row, rows, part.reads)}
	call.Args[2].Off = part.column
	if part.onto {
		call.Args[1].Kind = kernel.DstArg
	}
	for i, s := range form.Packed.Sections()[:len(part.offsets)] {
		elem := kernel.SectionElem(s)
		call.Args = append(call.Args, kernel.Arg{
			Kind: kernel.WeightsArg,
			Off:  sections[i] + part.offsets[i]*elem.Size(),
			Elem: elem,
		})
	}
	for _, v := range part.ints {
		call.Args = append(call.Args, kernel.Arg{Kind: kernel.IntArg, Value: v})
	}
	return call
}

// part is a range of row groups of a matrix that one call covers.
type part struct {
	name    string
	level   kernel.Level // of the kernel: at most the one that was asked for
	groups  kernel.Range
	column  int   // first element of src
	reads   int   // elements of src from there
	onto    bool  // adds to dst, not to init
	offsets []int // where the sections begin, in elements; as many as the kernel takes
	ints    []int // arguments behind the sections
	emit    func(*File)
	// several emits the kernel for several vectors by a name; nil where there is none.
	several func(f *File, name string, steps steps)
}

// parts lists the calls of a matrix at a level.
func parts(p *kernel.Program, matrix int, level kernel.Level) []part {
	var list []part
	m := &p.Matrices[matrix]
	form := m.At(level)
	for i, r := range form.Ranges {
		switch packed := form.Packed.(type) {
		case *sparse.Dense:
			list = append(list, denseParts(packed, r)...)
		case *sparse.Block:
			list = append(list, blockPart(packed, r))
		case *sparse.WideBlock:
			list = append(list, wideBlockPart(packed, r))
		case *sparse.CSR:
			list = append(list, csrPart(packed, r))
		case *sparse.Chunk:
			if form.Strategy == kernel.ChunkUnrolled {
				list = append(list, chunkUnrolledParts(m.Name, packed, r, fmt.Sprintf("M%dR%d", matrix, i))...)
			} else {
				list = append(list, chunkParts(packed, r)...)
			}
		case *sparse.FixedChunk:
			list = append(list, fixedChunkPart(packed, r))
		case *sparse.Straight:
			list = append(list, straightPart(m.Name, packed, r, fmt.Sprintf("M%dR%d", matrix, i)))
		case *sparse.Window:
			list = append(list, windowPart(packed, r))
		case *sparse.Panels:
			list = append(list, panelParts(packed, r)...)
		case *sparse.ReducedWindow:
			list = append(list, reducedPart(packed, r))
		default:
			panic(fmt.Sprintf("asm: no kernel for matrix %q of type %T", m.Name, packed))
		}
	}
	return list
}

// denseParts are the full panels of the range and the shorter one behind them.
func denseParts(d *sparse.Dense, r kernel.Range) []part {
	full := kernel.Range{From: r.From, To: r.From + (r.To-r.From)/sparse.DensePanel*sparse.DensePanel}
	var list []part
	for _, cut := range []kernel.Range{full, {From: full.To, To: r.To}} {
		if cut.From == cut.To {
			continue
		}
		width := min(sparse.DensePanel, cut.To-cut.From)
		name := fmt.Sprintf("matvec%sDense%dAVX2", precisionNames[d.Precision()], 8*width)
		p := part{
			name: name, groups: cut, reads: d.Cols(),
			offsets: []int{8 * cut.From * d.Cols(), 8 * cut.From}[:len(d.Sections())],
			ints:    []int{d.Cols(), (cut.To - cut.From) / width},
			emit:    func(f *File) { emitDense(f, name, width, d.Precision()) },
		}
		if d.Precision() == sparse.Float32 {
			p.several = func(f *File, name string, steps steps) { emitDenseSeveral(f, name, width, steps) }
		}
		list = append(list, p)
	}
	return list
}

func blockPart(b *sparse.Block, r kernel.Range) part {
	from, to := b.BlockRows(r.From, r.To)
	name := fmt.Sprintf("matvec%sBlock%dAVX2", precisionNames[b.Precision()], b.Height())
	return part{
		name: name, groups: r, reads: b.Cols(),
		offsets: []int{b.Start(from) * b.Height(), b.Start(from), from, 8 * r.From}[:len(b.Sections())],
		ints:    []int{to - from},
		emit:    func(f *File) { emitBlock(f, name, b.Height(), b.Precision()) },
	}
}

func csrPart(c *sparse.CSR, r kernel.Range) part {
	const name = "matvecF32CSRAVX2"
	return part{
		name: name, groups: r, reads: c.Cols(),
		offsets: []int{c.Start(r.From), c.Start(r.From), 8 * r.From, r.From},
		ints:    []int{r.To - r.From},
		emit:    func(f *File) { emitCSR(f, name) },
	}
}

func windowPart(w *sparse.Window, r kernel.Range) part {
	p := part{
		name: "matvecF32WindowAVX2", groups: r, reads: w.Cols() + w.Reach(),
		offsets: []int{8 * w.Start(r.From), w.Start(r.From), r.From},
		ints:    []int{r.To - r.From},
	}
	if w.Form() == sparse.Fixed {
		p.name = "matvecF32WindowFixedAVX2"
		p.offsets = slices.Insert(p.offsets, 1, 8*r.From)
	}
	if w.Form() == sparse.Exponent {
		p.name = "matvecF32WindowExactAVX2"
		if w.Width() == sparse.WideWindow {
			p.name = "matvecF32WindowWideAVX2"
		}
		p.ints = append(p.ints, int(math.Float32bits(w.Scale())))
	}
	p.several = func(f *File, name string, steps steps) { emitWindowSeveral(f, name, w.Width(), w.Form(), steps) }
	p.emit = func(f *File) { emitWindow(f, p.name, w.Width(), w.Form()) }
	if w.Form() == sparse.Fixed {
		p.emit = func(f *File) { emitWindowFixed(f, p.name) }
	}
	return p
}
