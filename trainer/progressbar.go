package trainer

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// redraw is the least time from one drawing to the next.
const redraw = 100 * time.Millisecond

// Progress draws a bar on a terminal: the share of the steps, the loss, the last
// validation and the density.
type Progress struct {
	w     io.Writer
	title string
	bar   *progressbar.ProgressBar
	valid string
}

// NewProgress makes an observer that draws to w, which is a terminal.
func NewProgress(w io.Writer, title string) *Progress { return &Progress{w: w, title: title} }

// Observe redraws the bar.
func (p *Progress) Observe(e Event) {
	switch e := e.(type) {
	case Started:
		p.bar = progressbar.NewOptions(e.Total,
			progressbar.OptionSetWriter(p.w),
			progressbar.OptionSetDescription(p.title),
			progressbar.OptionSetWidth(24),
			progressbar.OptionThrottle(redraw),
			progressbar.OptionShowCount(),
			progressbar.OptionSetPredictTime(true),
		)
		p.set(e.Step)
	case Stepped:
		p.describe(e.Loss)
		p.set(e.Step)
	case Validated:
		p.valid = fmt.Sprintf("%s, density %.3f", e.Valid, e.Density)
	case Finished:
		p.describeEnd(e)
	}
}

func (p *Progress) describe(loss float64) {
	if p.bar != nil {
		p.bar.Describe(fmt.Sprintf("%s: loss %.3f %s", p.title, loss, p.valid))
	}
}

func (p *Progress) set(step int) {
	if p.bar != nil {
		p.bar.Set(step) // fails only beyond the total, which a run does not reach
	}
}

func (p *Progress) describeEnd(e Finished) {
	if p.bar == nil {
		return
	}
	p.bar.Describe(fmt.Sprintf("%s: %s, density %.3f", p.title, e.Valid, e.Density))
	p.bar.Exit()
	fmt.Fprintln(p.w)
}
