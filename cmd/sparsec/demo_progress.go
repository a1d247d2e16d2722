package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

// demoProgress shows several runs at the same time: on a terminal a bar each,
// drawn over and over, else a line every few seconds.
type demoProgress struct {
	out      io.Writer
	now      func() time.Time
	terminal bool
	width    int // of the terminal

	mutex   sync.Mutex
	runs    []runProgress
	start   time.Time // of the first report
	shown   time.Time
	drawn   bool // bars are on the screen
	lineGap time.Duration
}

// runProgress is where a run is.
type runProgress struct {
	name        string
	done, total int
	text        string
}

// The bars are drawn at most this often; lines come at most this often.
const (
	drawGap = 200 * time.Millisecond
	lineGap = 10 * time.Second
)

func newDemoProgress(out io.Writer, now func() time.Time, names ...string) *demoProgress {
	p := &demoProgress{out: out, now: now, width: 80, lineGap: lineGap}
	for _, name := range names {
		p.runs = append(p.runs, runProgress{name: name, total: 1})
	}
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.terminal = true
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 20 {
			p.width = w
		}
	}
	return p
}

// report says where run i is; it may be called from several goroutines.
func (p *demoProgress) report(i, done, total int, text string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	r := &p.runs[i]
	r.done, r.total, r.text = done, max(total, 1), text
	now := p.now()
	if p.start.IsZero() {
		p.start, p.shown = now, now
	}
	switch gap := now.Sub(p.shown); {
	case p.terminal && gap >= drawGap:
		p.draw(now)
	case !p.terminal && gap >= p.lineGap:
		p.line(now)
	}
}

// finish leaves the last state of all runs.
func (p *demoProgress) finish() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.terminal {
		p.draw(p.now())
		return
	}
	p.line(p.now())
}

// draw puts the bars where they were.
func (p *demoProgress) draw(now time.Time) {
	var b strings.Builder
	if p.drawn {
		fmt.Fprintf(&b, "\x1b[%dA", len(p.runs))
	}
	for _, r := range p.runs {
		fmt.Fprintf(&b, "\r%s\x1b[K\n", r.bar(p.width-1, p.left(now)))
	}
	io.WriteString(p.out, b.String())
	p.drawn, p.shown = true, now
}

// line is one line for all runs.
func (p *demoProgress) line(now time.Time) {
	parts := make([]string, len(p.runs))
	for i, r := range p.runs {
		parts[i] = fmt.Sprintf("%s %d/%d %s", r.name, r.done, r.total, r.text)
	}
	fmt.Fprintf(p.out, "  %s (%s left)\n", strings.Join(parts, " | "), p.left(now))
	p.shown = now
}

// left is about how long the slowest run still takes.
func (p *demoProgress) left(now time.Time) time.Duration {
	var longest time.Duration
	for _, r := range p.runs {
		if r.done > 0 {
			longest = max(longest, time.Duration(float64(now.Sub(p.start))*float64(r.total-r.done)/float64(r.done)))
		}
	}
	return longest.Round(time.Second)
}

// bar is one run in at most width columns.
func (r *runProgress) bar(width int, left time.Duration) string {
	const cells = 16
	full := min(cells*r.done/r.total, cells)
	text := fmt.Sprintf("  %-7s%s%s %3d %%  %s  %s left", r.name, strings.Repeat("█", full), strings.Repeat("░", cells-full),
		100*r.done/r.total, r.text, left)
	if runes := []rune(text); len(runes) > width {
		return string(runes[:width])
	}
	return text
}
