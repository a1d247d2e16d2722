//go:build amd64 && !purego

package gemm

import (
	"runtime"
	"sync/atomic"
	"time"
)

// linger is how long a helper waits for the next product before it ends, and a
// caller for its helpers before it sleeps. A training step is a row of products
// with little in between, and waking an idle thread takes as long as a small
// product.
const linger = 100 * time.Microsecond

// helper is a goroutine beside the caller's. It exists while products come
// one soon after the other, and ends by itself.
type helper struct {
	state atomic.Int32
	serve func() // made once, since a go statement with arguments allocates
}

const (
	gone     int32 = iota // no goroutine
	waiting               // a goroutine that spins for work, or has not started yet
	assigned              // work that the goroutine has not begun
	working
)

// assign gives the helper work. What it was given before must be over.
func (h *helper) assign() {
	if h.state.CompareAndSwap(waiting, assigned) {
		return
	}
	h.state.Store(assigned)
	go h.serve()
}

// revoke takes back work that has not begun and reports whether it could.
func (h *helper) revoke() bool { return h.state.CompareAndSwap(assigned, waiting) }

// loop does the assigned work, and then what is assigned soon after it.
func (h *helper) loop(j *job) {
	for {
		if h.state.CompareAndSwap(assigned, working) {
			j.work()
			h.state.Store(waiting) // first: the caller may assign again at once
			j.leave()
		}
		if !lingerUntil(h.isAssigned) && h.state.CompareAndSwap(waiting, gone) {
			return
		}
	}
}

func (h *helper) isAssigned() bool { return h.state.Load() == assigned }

// lingerUntil lets other goroutines run until the condition holds or the time
// is over, and reports whether it holds.
func lingerUntil(done func() bool) bool {
	if done() {
		return true
	}
	for start := time.Now(); time.Since(start) < linger; {
		runtime.Gosched()
		if done() {
			return true
		}
	}
	return done()
}
