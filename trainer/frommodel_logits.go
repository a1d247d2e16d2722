package trainer

import "github.com/sparsec/sparsec/ir"

// logits are the nodes of the model without a softmax at its end, or the logarithm
// of one, and the value that these make or that the softmax reads.
func (i *importer) logits() ([]ir.Node, string) {
	nodes, out := i.model.Nodes, i.model.Outputs[0]
	for _, tail := range []func([]ir.Node) int{logOfSoftmax, spelledLogSoftmax, softmax} {
		if n := tail(nodes); n > 0 && nodes[len(nodes)-1].Name == out {
			first := nodes[len(nodes)-n]
			return nodes[:len(nodes)-n], first.Inputs[0]
		}
	}
	return nodes, out
}

// softmax is 1 where the last node is one over a whole vector.
func softmax(nodes []ir.Node) int {
	if len(nodes) > 0 && nodes[len(nodes)-1].Op == ir.Op(ir.Softmax{}) {
		return 1
	}
	return 0
}

// logOfSoftmax is 2 where the last nodes are a softmax and its logarithm.
func logOfSoftmax(nodes []ir.Node) int {
	if last := len(nodes) - 1; last > 0 && nodes[last].Op == ir.Op(ir.Activation{Func: ir.Log}) &&
		softmax(nodes[:last]) == 1 && nodes[last].Inputs[0] == nodes[last-1].Name {
		return 2
	}
	return 0
}

// spelledLogSoftmax is 8 where the last nodes are d − log Σ exp d with d = x − max x,
// the maximum and the logarithm spread over the vector.
func spelledLogSoftmax(nodes []ir.Node) int {
	const written = 8
	if len(nodes) < written {
		return 0
	}
	n := nodes[len(nodes)-written:]
	if len(n[0].Inputs) == 0 {
		return 0
	}
	x, d := n[0].Inputs[0], n[2].Name
	reads := [written][]string{{x}, {n[0].Name}, {x, n[1].Name}, {d}, {n[3].Name}, {n[4].Name}, {n[5].Name}, {d, n[6].Name}}
	for k, want := range reads {
		if len(n[k].Inputs) != len(want) || n[k].Inputs[0] != want[0] || n[k].Inputs[len(want)-1] != want[len(want)-1] {
			return 0
		}
	}
	most, isReduce := n[0].Op.(ir.Reduce)
	sum, isSum := n[4].Op.(ir.Reduce)
	if !isReduce || !isSum || most.Func != ir.Largest || sum.Func != ir.Sum || !spreads(n[1].Op, most.Size) || !spreads(n[6].Op, sum.Size) ||
		n[2].Op != ir.Op(ir.Binary{Func: ir.Sub}) || n[3].Op != ir.Op(ir.Activation{Func: ir.Exp}) ||
		n[5].Op != ir.Op(ir.Activation{Func: ir.Log}) || n[7].Op != ir.Op(ir.Binary{Func: ir.Sub}) {
		return 0
	}
	return written
}

// spreads reports whether an op repeats one element so many times.
func spreads(op ir.Op, times int) bool {
	p, ok := op.(ir.Pick)
	return ok && p.Spans == ir.MakeSpans([]ir.Span{{From: 0, Count: times, Step: 0}})
}
