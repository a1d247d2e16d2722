package schedule

import (
	"fmt"
	"strings"

	"github.com/sparsec/sparsec/ir/sparse"
)

// reason is a sentence on why an entry has its strategy.
func reason(e Entry, forced string) string {
	var why []string
	if forced != "" {
		why = append(why, forced+" was asked for")
	}
	if w := e.Strategy.Weights; w != sparse.Float32 && !strings.HasSuffix(forced, "/"+w.String()) {
		why = append(why, w.String()+" weights were asked for")
	}
	dense := e.Candidates[0]
	switch {
	case e.NNZ == 0:
		why = append(why, "no weights")
	case e.Strategy.Kernel == Dense && forced == "":
		if next := runnerUp(e); next != nil {
			why = append(why, fmt.Sprintf("nothing beats dense: %s would take %.1f ns", next.Strategy, next.NS))
		} else {
			why = append(why, "nothing else can hold the weights")
		}
	case e.Strategy.Kernel != Dense:
		why = append(why, fmt.Sprintf("%.1f× dense", dense.NS/max(e.NS, 0.1)))
		if next := runnerUp(e); next != nil {
			why = append(why, fmt.Sprintf("next is %s at %.1f ns", next.Strategy, next.NS))
		}
	}
	if e.Strategy.Index == sparse.Mantissa {
		if exact := e.candidate(Strategy{Kernel: e.Strategy.Kernel}); exact.Excluded != "" {
			why = append(why, "index in the mantissa because of "+exact.Excluded)
		}
	}
	for _, c := range e.Candidates {
		if c.Strategy.straightLine() && strings.Contains(c.Excluded, "bytes of code") {
			why = append(why, "not straight-line: "+c.Excluded)
			break
		}
	}
	return strings.Join(why, "; ")
}

// runnerUp is the cheapest other candidate that could have been taken, dense
// aside; nil when there is none.
func runnerUp(e Entry) *Candidate {
	var best *Candidate
	for i := range e.Candidates {
		c := &e.Candidates[i]
		if c.Excluded != "" || c.Strategy == e.Strategy || c.Strategy.Kernel == Dense {
			continue
		}
		if best == nil || c.NS < best.NS {
			best = c
		}
	}
	return best
}

func (e *Entry) candidate(s Strategy) Candidate {
	for _, c := range e.Candidates {
		if c.Strategy == s {
			return c
		}
	}
	return Candidate{}
}
