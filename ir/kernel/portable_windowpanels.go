package kernel

import (
	"math"

	"github.com/sparsec/sparsec/ir/sparse"
)

// portableWindowPanels are the calls for a matrix in panels of columns, whose
// sections lie as given.
func portableWindowPanels(w *sparse.WindowPanels, sections []int) []Call {
	var calls []Call
	columns, windows := w.Panels()
	for p, window := range windows {
		call := Call{Func: portableWindow(window), Args: Vectors(0, w.Rows(), window.Cols()+window.Reach())}
		call.Args[2].Off = columns[p].From
		if p > 0 {
			call.Args[1].Kind = DstArg
		}
		for i, s := range window.Sections() {
			elem := SectionElem(s)
			call.Args = append(call.Args, Arg{Kind: WeightsArg, Off: sections[i] + w.SectionStart(p, i), Len: len(s.Data) / elem.Size(), Elem: elem})
		}
		if window.Form() == sparse.Exponent {
			call.Args = append(call.Args, Arg{Kind: IntArg, Value: int(math.Float32bits(window.Scale()))})
		}
		calls = append(calls, call)
	}
	return calls
}
