package kernel

import "github.com/sparsec/sparsec/ir/sparse"

// portableWindowCopies are the calls for a matrix in windows of copies of src, one
// for each panel of columns, whose sections lie as given.
func portableWindowCopies(w *sparse.WindowCopies, sections []int) []Call {
	var calls []Call
	for p, panel := range w.Panels() {
		call := Call{Func: "matvecWindowCopies", Args: Vectors(0, w.Rows(), panel.Columns.Len())}
		call.Args[2].Off = panel.Columns.From
		if p > 0 {
			call.Args[1].Kind = DstArg
		}
		for i, s := range panel.Sections() {
			elem := SectionElem(s)
			call.Args = append(call.Args, Arg{Kind: WeightsArg, Off: sections[i] + w.SectionStart(p, i), Len: len(s.Data) / elem.Size(), Elem: elem})
		}
		calls = append(calls, call)
	}
	return calls
}
