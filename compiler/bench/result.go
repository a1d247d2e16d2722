package bench

// Result is what a run found.
type Result struct {
	// CPU is the processor that everything was pinned to, −1 where the system
	// would not.
	CPU int `json:"cpu"`
	// Rounds is how often each subject had its turn.
	Rounds int `json:"rounds"`
	// Drift is how far the clock moved: the range between the 5th and the 95th
	// percentile of the time of a fixed loop over its median.
	Drift float64 `json:"clock_drift"`
	// Rows are the subjects in their order, then the local ones.
	Rows []Row `json:"rows"`
}

// Row is one subject's time for a step.
type Row struct {
	Name   string  `json:"name"`
	Kernel string  `json:"kernel,omitempty"` // as the package says; empty for a local subject
	Steps  int     `json:"steps"`            // in a round
	NS     float64 `json:"ns"`               // median over the rounds
	Low    float64 `json:"low"`              // 10th percentile
	High   float64 `json:"high"`             // 90th percentile
	// Ratio is the median over the rounds of the first row's time over this
	// row's: how many times faster than the first this one is.
	Ratio float64 `json:"ratio"`
	// Output is that of the last frame before the rounds, or of all frames of a
	// package that takes whole sequences; none of a local subject.
	Output []float32 `json:"-"`
}

// Row returns the row of that name, or nil.
func (r *Result) Row(name string) *Row {
	for i := range r.Rows {
		if r.Rows[i].Name == name {
			return &r.Rows[i]
		}
	}
	return nil
}

// Ratio is how many times faster than the slow row the fast one is, by their
// medians, 0 unless both are there.
func (r *Result) Ratio(slow, fast string) float64 {
	s, f := r.Row(slow), r.Row(fast)
	if s == nil || f == nil || f.NS == 0 {
		return 0
	}
	return s.NS / f.NS
}
