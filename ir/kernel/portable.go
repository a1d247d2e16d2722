package kernel

import (
	"fmt"
	"math"
	"slices"

	"github.com/sparsec/sparsec/ir/sparse"
)

// PortableCalls is how the portable kernels compute a matrix of the program,
// whose weights lie as the layout says. One call covers all rows, of a panel of
// columns where there are panels: Go can preempt it anywhere.
func PortableCalls(p *Program, l Layout, matrix int) []Call {
	return portableCalls(p.Matrices[matrix].Packed, l.Matrices[matrix])
}

// portableCalls are those of a packed matrix whose sections lie as given.
func portableCalls(packed sparse.Packed, sections []int) []Call {
	switch m := packed.(type) {
	case *sparse.Chunk:
		return portableChunk(m, sections)
	case *sparse.Panels:
		return portablePanels(m, sections)
	}
	return []Call{portableCall(packed, sections)}
}

// portablePanels are the calls of all panels, each but the first of which adds to
// what is in dst.
func portablePanels(w *sparse.Panels, sections []int) []Call {
	var calls []Call
	columns, parts := w.Parts()
	for p, part := range parts {
		starts := slices.Clone(sections)
		for i := range starts {
			starts[i] += w.SectionStart(p, i)
		}
		call := portableCall(part, starts)
		call.Args[2].Off = columns[p].From
		if p > 0 {
			call.Args[1].Kind = DstArg
		}
		calls = append(calls, call)
	}
	return calls
}

// portableCall is the call of a form that has one.
func portableCall(packed sparse.Packed, sections []int) Call {
	call := Call{Args: Vectors(0, packed.Rows(), packed.Cols())}
	switch m := packed.(type) {
	case *sparse.Dense:
		call.Func = "matvecDense" + portablePrecision[m.Precision()]
	case *sparse.Block:
		call.Func = "matvecBlock" + portablePrecision[m.Precision()]
	case *sparse.WideBlock:
		call.Func = "matvecBlock8x4"
	case *sparse.CSR:
		call.Func = "matvecCSR"
	case *sparse.Straight:
		call.Func = "matvecStraight"
		call.Args[2].Len = packed.Cols() + m.Reach()
	case *sparse.Window:
		call.Func = portableWindow(m)
		call.Args[2].Len = packed.Cols() + m.Reach()
	case *sparse.FixedChunk:
		call.Func = "matvecChunkFixed"
		call.Args[2].Len = packed.Cols() + m.Reach()
	case *sparse.WindowCopies:
		call.Func = "matvecWindowCopies"
	case *sparse.ReducedWindow:
		call.Func = "matvecWindow" + reducedWindows[m.Precision()]
		call.Args[2].Len = packed.Cols() + m.Reach()
	default:
		panic(fmt.Sprintf("kernel.PortableCalls: no portable kernel for %T", packed))
	}
	for i, s := range packed.Sections() {
		elem := SectionElem(s)
		call.Args = append(call.Args, Arg{Kind: WeightsArg, Off: sections[i], Len: len(s.Data) / elem.Size(), Elem: elem})
	}
	switch m := packed.(type) {
	case *sparse.Dense:
		call.Args = append(call.Args, Arg{Kind: IntArg, Value: m.Cols()})
	case *sparse.Block:
		call.Args = append(call.Args, Arg{Kind: IntArg, Value: m.Height()})
	case *sparse.Window:
		if m.Form() == sparse.Exponent {
			call.Args = append(call.Args, Arg{Kind: IntArg, Value: int(math.Float32bits(m.Scale()))})
		}
	}
	return call
}

func portableWindow(w *sparse.Window) string {
	switch {
	case w.Form() == sparse.Mantissa:
		return "matvecWindow"
	case w.Form() == sparse.Fixed:
		return "matvecWindowFixed"
	case w.Width() == sparse.WideWindow:
		return "matvecWindowWide"
	}
	return "matvecWindowExact"
}

// portablePrecision is what the names of the kernels for dense matrices and for
// blocks have behind them: those of integers take either size.
var portablePrecision = map[sparse.Precision]string{sparse.Fixed16: "Fixed", sparse.Float16: "Half", sparse.Int8: "Fixed"}

// reducedWindows are the same for windows, which keep places inside 16-bit words
// or apart.
var reducedWindows = map[sparse.Precision]string{sparse.Fixed16: "Fixed16", sparse.Float16: "Half", sparse.Int8: "Int8"}
