package kernel

import "slices"

// What sharing costs and saves, measured on two cores of a Zen 4, with weights in
// the caches: that workers begin and end together (BenchmarkCrew of codegen/rt);
// that src and the results change from one core's cache to another's, by the
// steps of GRU-512 and GRU-2560, lane 8×8, whose shared products took 4 and 15 µs
// more than half of the time alone; how fast one core reads weights.
const (
	barrierNS   = 600
	lineNS      = 25 // 64 bytes
	weightBytes = 80 // a ns
)

// MinGain is the least share of the predicted time of a run of products that
// workers must save for it to be shared.
const MinGain = 0.1

// Phase is a run of products of a layer that workers compute side by side: each
// its share of the rows of all of them, in their order, without waiting for the
// others in between.
type Phase struct {
	From, To int     // instructions of the layer, all of them products of as many rows
	Shares   []Range // of row groups, one after the other
}

// Share has workers share the large products of the program. It sets the phases
// of the layers, and cuts the ranges of their matrices where shares begin, so
// that each call of a kernel belongs to one share. A phase is a run, as long as
// can be, of products none of which reads what another share of the run may
// write, and of whose time sharing saves at least minGain, a share such as
// [MinGain]. Share returns the number of phases.
func (p *Program) Share(workers int, minGain float64) int {
	phases := 0
	for i := range p.Layers {
		l := &p.Layers[i]
		for from := 0; from < len(l.Instrs); {
			run := p.sideBySide(l.Instrs[from:])
			shares := p.shares(run, workers)
			if len(shares) > 1 && p.gain(run, len(shares)) >= minGain {
				l.Phases = append(l.Phases, Phase{From: from, To: from + len(run), Shares: shares})
				p.cutAt(run, shares)
			}
			from += max(1, len(run))
		}
		phases += len(l.Phases)
	}
	return phases
}

// sideBySide are the products at the start of a list that can make a phase.
func (p *Program) sideBySide(list []Instr) (run []MatVec) {
	for _, in := range list {
		next, ok := in.(MatVec)
		if !ok || next.Vectors > 1 {
			break
		}
		for _, before := range run {
			ok = ok && p.Matrices[before.Matrix].Packed.Rows() == p.Matrices[next.Matrix].Packed.Rows() && independent(before, next)
		}
		if !ok {
			break
		}
		run = append(run, next)
	}
	return run
}

// gain is the share of the time of a run of products that workers save: negative
// where they take longer than one.
func (p *Program) gain(run []MatVec, workers int) float64 {
	groups := p.Matrices[run[0].Matrix].Packed.Rows() / 8
	alone := float64(p.bytes(run, 0, groups)) / weightBytes
	moved := 0 // elements that one worker gets from others and leaves to them
	seen := map[Ref]bool{}
	for _, in := range run {
		if !seen[in.Src] {
			moved += p.Matrices[in.Matrix].Cols
		}
		if !seen[in.Dst] {
			moved += 8 * groups / workers
		}
		seen[in.Src], seen[in.Dst] = true, true
	}
	shared := alone/float64(workers) + barrierNS + lineNS*float64(moved)/16
	return 1 - shared/alone
}

// independent reports whether a share of one product needs and destroys nothing
// of the other but what the same share has to do with.
func independent(a, b MatVec) bool {
	apart := func(x, y Ref) bool { return x.Space != y.Space || x.ID != y.ID }
	rowByRow := func(x, y Ref) bool { return x == y || apart(x, y) }
	return apart(a.Dst, b.Src) && apart(b.Dst, a.Src) &&
		rowByRow(a.Dst, b.Dst) && rowByRow(a.Dst, b.Init) && rowByRow(b.Dst, a.Init)
}

// shares cuts the rows of a run in parts of nearly as many bytes of weights, where
// all forms of its matrices can be cut.
func (p *Program) shares(run []MatVec, workers int) (list []Range) {
	if len(run) == 0 {
		return nil
	}
	step := 1
	for _, in := range run {
		for _, f := range p.Matrices[in.Matrix].Forms() {
			step = commonMultiple(step, f.Packed.(divisible).Granule())
		}
	}
	groups := p.Matrices[run[0].Matrix].Packed.Rows() / 8
	total := p.bytes(run, 0, groups)
	for from, share := 0, 1; from < groups; share++ {
		to := from + step
		for to < groups && p.bytes(run, 0, to)+p.bytes(run, to, min(to+step, groups))/2 <= total*share/workers {
			to += step
		}
		if share == workers {
			to = groups
		}
		list = append(list, Range{from, min(to, groups)})
		from = to
	}
	return list
}

// bytes are those of the base forms that the run reads for groups of rows.
func (p *Program) bytes(run []MatVec, from, to int) int {
	n := 0
	for _, in := range run {
		n += p.Matrices[in.Matrix].Packed.(divisible).Bytes(from, to)
	}
	return n
}

// cutAt cuts the ranges of all forms of the run's matrices where shares begin.
func (p *Program) cutAt(run []MatVec, shares []Range) {
	for _, in := range run {
		for _, f := range p.Matrices[in.Matrix].Forms() {
			f.cutAt(shares)
		}
	}
}

// cutAt cuts the ranges of a form where shares begin.
func (f *Form) cutAt(shares []Range) {
	var ranges []Range
	for _, r := range f.Ranges {
		for _, s := range shares {
			if from, to := max(r.From, s.From), min(r.To, s.To); from < to {
				ranges = append(ranges, Range{from, to})
			}
		}
	}
	f.Ranges = ranges
}

func commonMultiple(a, b int) int {
	gcd := a
	for r := b; r != 0; {
		gcd, r = r, gcd%r
	}
	return a / gcd * b
}

// phases checks what workers share of a layer, or what goes in both directions: that
// shares need not wait for each other, and that each range of a matrix lies in one.
func (v *verifier) phases(l Layer, phases []Phase, forms func(*Matrix) []*Form) {
	end := 0
	for _, phase := range phases {
		if phase.From < end || phase.To <= phase.From || phase.To > len(l.Instrs) {
			v.fault("layer %q: instructions %d to %d are shared behind %d of %d", l.Name, phase.From, phase.To, end, len(l.Instrs))
			return
		}
		end = phase.To
		if len(v.p.sideBySide(l.Instrs[phase.From:phase.To])) < phase.To-phase.From {
			v.fault("layer %q: instructions %d to %d are shared, want products that do not read what the others write", l.Name, phase.From, phase.To)
			continue
		}
		for _, in := range l.Instrs[phase.From:phase.To] {
			m := &v.p.Matrices[in.(MatVec).Matrix]
			v.shared(l, phase, m, forms(m))
		}
	}
}

func (v *verifier) shared(l Layer, phase Phase, m *Matrix, forms []*Form) {
	at := 0
	for _, s := range phase.Shares {
		if s.From != at || s.To <= s.From {
			v.fault("layer %q: the share of groups %d–%d does not continue at group %d", l.Name, s.From, s.To, at)
		}
		at = s.To
	}
	if at != m.Packed.Rows()/8 {
		v.fault("layer %q: shares end at group %d, want %d", l.Name, at, m.Packed.Rows()/8)
	}
	for _, f := range forms {
		for _, r := range f.Ranges {
			if !slices.ContainsFunc(phase.Shares, func(s Range) bool { return s.From <= r.From && r.To <= s.To }) {
				v.fault("matrix %q: range %d–%d lies in no share of layer %q", m.Name, r.From, r.To, l.Name)
			}
		}
	}
}
