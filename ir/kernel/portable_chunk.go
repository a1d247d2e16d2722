package kernel

import "github.com/sparsec/sparsec/ir/sparse"

// portableChunk is one call for each panel of columns; all but the first add to
// what is in dst. The sections begin at the given bytes of weights.bin.
func portableChunk(c *sparse.Chunk, sections []int) []Call {
	var calls []Call
	for p, panel := range c.Panels() {
		call := Call{Func: "matvecChunk", Args: Vectors(0, c.Rows(), c.Reads(p))}
		call.Args[2].Off = panel.From
		if p > 0 {
			call.Args[1].Kind = DstArg
		}
		from, to := c.Start(p, 0), c.Start(p, c.Groups())
		for i, part := range []struct {
			elem     Elem
			from, to int
		}{
			{Uint32, sparse.ChunkRows * from.Vector, sparse.ChunkRows * to.Vector},
			{Uint16, from.Base, to.Base},
			{Uint32, 2 * p * c.Groups(), 2 * (p + 1) * c.Groups()},
		} {
			call.Args = append(call.Args, Arg{Kind: WeightsArg, Off: sections[i] + part.from*part.elem.Size(), Len: part.to - part.from, Elem: part.elem})
		}
		calls = append(calls, call)
	}
	return calls
}
