package prune

// MaskGradients zeroes the gradients of pruned weights. When no mask is made anew
// any more they move nothing, and have no part in the norm of all gradients.
// Parameters are found as by [Pruner.AfterStep].
func (p *Pruner) MaskGradients(params []Param) error {
	found, err := p.find(params)
	if err != nil {
		return err
	}
	for i, t := range p.tensors {
		t.mask.Apply(found[i].gradient())
	}
	return nil
}

// OnlyPrunedZeros reports whether every zero of a prunable parameter is a pruned
// weight, so that who sees a zero need not ask for the mask. Parameters are masked.
func (p *Pruner) OnlyPrunedZeros(params []Param) bool {
	pruned := make(map[string]int, len(p.tensors))
	for _, t := range p.tensors {
		pruned[t.name] = t.rows*t.cols - t.mask.Count()
	}
	for i := range params {
		if q := &params[i]; q.Prunable && zeros(q.Value) != pruned[q.Name] {
			return false
		}
	}
	return true
}

func zeros(values []float32) (n int) {
	for _, v := range values {
		if v == 0 {
			n++
		}
	}
	return n
}
