package kernel

import (
	"fmt"
	"math"

	"github.com/sparsec/sparsec/ir/sparse"
)

// PortableCalls is how the portable kernels compute a matrix of the program,
// whose weights lie as the layout says. One call covers all rows, in the chunk
// form of a panel of columns: Go can preempt it anywhere.
func PortableCalls(p *Program, l Layout, matrix int) []Call {
	packed := p.Matrices[matrix].Packed
	if c, ok := packed.(*sparse.Chunk); ok {
		return portableChunk(c, l.Matrices[matrix])
	}
	if w, ok := packed.(*sparse.WindowPanels); ok {
		return portableWindowPanels(w, l.Matrices[matrix])
	}
	if w, ok := packed.(*sparse.WindowCopies); ok {
		return portableWindowCopies(w, l.Matrices[matrix])
	}
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
	case *sparse.ReducedWindow:
		call.Func = "matvecWindow" + reducedWindows[m.Precision()]
		call.Args[2].Len = packed.Cols() + m.Reach()
	default:
		panic(fmt.Sprintf("kernel.PortableCalls: no portable kernel for %T", packed))
	}
	for i, s := range packed.Sections() {
		elem := SectionElem(s)
		call.Args = append(call.Args, Arg{Kind: WeightsArg, Off: l.Matrices[matrix][i], Len: len(s.Data) / elem.Size(), Elem: elem})
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
	return []Call{call}
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
