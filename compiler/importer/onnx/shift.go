package onnx

import (
	"fmt"

	"github.com/sparsec/sparsec/ir"
)

// maxContext is how many frames before or behind the one at hand a node may read.
const maxContext = 1024

// shifted is a tensor whose time axis begins at another element of t's, zeros beside
// the sequence.
func (c *call) shifted(t *tensor, by int) (*tensor, error) {
	if by == 0 {
		return t, nil
	}
	around, err := c.around(t, by, by+t.shape[t.time])
	if err != nil {
		return nil, err
	}
	return around.like(t.shape, t.time), nil
}

// around is a tensor whose time axis in every frame has the elements from low up to
// high, counted from the beginning of the frame: those before it kept in a state, those
// behind it read ahead.
func (c *call) around(t *tensor, low, high int) (*tensor, error) {
	rate := t.shape[t.time]
	if -low > maxContext*rate || high > maxContext*rate {
		return nil, fmt.Errorf("reads %d elements before and %d behind those of a frame, want at most %d frames", -low, high-rate, maxContext)
	}
	g := c.im.g
	view := c.im.elements(c.label+".constant", t)
	own, place := distinct(view)
	x := g.joined(c.label+".x", own)
	frames := map[int]vector{0: x}
	first, last := floorDiv(low, rate), floorDiv(high-1, rate)
	var past vector
	if first < 0 {
		past = c.delayed(x, len(own), -first)
	}
	for f := 1; f <= last; f++ {
		frames[f] = g.node(fmt.Sprintf("%s.ahead%d", c.label, f), ir.Ahead{By: f}, len(own), x)
	}
	shape := append([]int{}, t.shape...)
	shape[t.time] = high - low
	if _, err := c.im.take(shape, t); err != nil {
		return nil, err
	}
	r := t.derived(shape, t.time)
	inner := product(t.shape[t.time+1:])
	for o := range product(t.shape[:t.time]) {
		for at := low; at < high; at++ {
			f := floorDiv(at, rate)
			from := (o*rate + at - f*rate) * inner
			for i := range inner {
				e := element{frames[f], place[from+i]}
				if f < 0 {
					e = element{past, int32((f-first)*len(own)) + place[from+i]}
				}
				if view[from+i].v == 0 {
					e = element{}
				}
				r.view = append(r.view, e)
			}
		}
	}
	return r, nil
}

// floorDiv is a/b rounded down.
func floorDiv(a, b int) int {
	if a < 0 {
		return -((-a + b - 1) / b)
	}
	return a / b
}

// delayed is the last n frames before the one at hand of a vector, the oldest first:
// a delay line that a state holds.
func (c *call) delayed(x vector, size, n int) vector {
	g := c.im.g
	key := fmt.Sprintf("delayed %d %d", x, n)
	if v, ok := g.made[key]; ok {
		return v
	}
	state := g.state(c.label+".past", n*size, nil)
	past := g.node(c.label+".past", ir.Recall{State: state}, n*size)
	c.im.owner[state] = past
	next := append(viewOf(past, n*size)[size:], viewOf(x, size)...)
	g.store(c.label+".past.next", state, g.joined(c.label+".past.shifted", next))
	g.made[key] = past
	return past
}
