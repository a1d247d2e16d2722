package schedule

import "github.com/sparsec/sparsec/ir/kernel"

// Target is what the cost model knows of a processor.
type Target struct {
	Name string       `json:"name"`
	ISA  kernel.Level `json:"-"`
	GHz  float64      `json:"ghz"`
	// Levels go from the nearest memory to the farthest; the last one holds
	// everything.
	Levels []Level `json:"levels"`
	// CodeBudget is the number of bytes of straight-line code that one program
	// may run through in a step before instruction fetch binds it.
	CodeBudget int `json:"code_budget"`
	// GroupCycles is what a group of rows costs besides its steps: loop, sum,
	// store, as far as other groups do not hide them.
	GroupCycles float64 `json:"group_cycles"`
}

// Level is a level of the memory: a working set of Bytes is read at
// BytesPerCycle, one between two levels at a rate in between.
type Level struct {
	Bytes         int     `json:"bytes,omitempty"` // 0: without bound
	BytesPerCycle float64 `json:"bytes_per_cycle"`
}

// Zen4 is the default target of a level: bandwidths and cycles measured on one
// core of a Zen 4 at 3.69 GHz. Weights that come round in a circle have left the
// first level as soon as they do not all fit.
func Zen4(level kernel.Level) Target {
	return Target{
		Name: "zen4", ISA: level, GHz: 3.69,
		Levels: []Level{
			{30 << 10, 60}, {34 << 10, 31}, {640 << 10, 30}, {1 << 20, 24.5}, {8 << 20, 24.5},
			{16 << 20, 21}, {24 << 20, 15}, {32 << 20, 11}, {0, 7.5},
		},
		CodeBudget:  32 << 10,
		GroupCycles: 3.5,
	}
}

// String names the processor and the level.
func (t Target) String() string { return t.Name + "/" + t.ISA.String() }

// BytesPerCycle is the read bandwidth of a program whose weights are that large.
func (t Target) BytesPerCycle(workingSet int) float64 {
	for i, l := range t.Levels {
		bytes := l.Bytes
		if bytes == 0 && i > 0 {
			bytes = 2 * t.Levels[i-1].Bytes
		}
		switch {
		case workingSet > bytes:
		case i == 0:
			return l.BytesPerCycle
		default:
			nearer := t.Levels[i-1]
			share := float64(workingSet-nearer.Bytes) / float64(bytes-nearer.Bytes)
			return nearer.BytesPerCycle + float64(share*(l.BytesPerCycle-nearer.BytesPerCycle))
		}
	}
	return t.Levels[len(t.Levels)-1].BytesPerCycle
}
