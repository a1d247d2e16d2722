//go:build amd64 && !purego

package gemm

import (
	"sync"
	"sync/atomic"
)

// packedMultiplier spreads products over goroutines.
type packedMultiplier struct {
	kernel  microKernel
	workers int

	mu   sync.Mutex
	idle []*job // with their buffers, for the next calls
}

func newMultiplier(workers int) multiplier {
	if s := detect(); s != none {
		return newPacked(s, workers)
	}
	return nil
}

func newPacked(s isa, workers int) *packedMultiplier {
	return &packedMultiplier{kernel: kernelOf(s), workers: workers}
}

func (e *packedMultiplier) name() string { return e.kernel.isa.String() }

// job is one product on its way through the workers, with what the next one
// uses again.
type job struct {
	product
	kernel  microKernel
	grid    grid
	spaces  []workspace // one a worker
	helpers []helper    // the workers but the caller's goroutine

	next   atomic.Int64  // task to take
	joined atomic.Int64  // workers that have started
	busy   atomic.Int64  // helpers that have not left
	left   chan struct{} // receives when the last helper leaves
}

func (e *packedMultiplier) multiply(p product) {
	j := e.acquire()
	j.product, j.kernel = orient(p, e.kernel)
	j.grid = partition(j.m, j.n, j.k, j.kernel, e.workers)
	j.run(min(e.workers, j.grid.tasks()) - 1)
	j.product = product{} // an idle job keeps no matrix alive
	e.release(j)
}

// run does the work together with a number of helpers.
func (j *job) run(helpers int) {
	j.next.Store(0)
	j.joined.Store(0)
	j.busy.Store(int64(helpers))
	for i := range helpers {
		j.helpers[i].assign()
	}
	j.work()
	for i := range helpers {
		if j.helpers[i].revoke() {
			j.leave() // in its place: its thread did not wake up in time
		}
	}
	if helpers > 0 && !lingerUntil(j.allLeft) {
		<-j.left
	}
}

// leave says that a helper will not touch the product any more.
func (j *job) leave() {
	if j.busy.Add(-1) == 0 {
		j.left <- struct{}{}
	}
}

// allLeft reports whether the last helper has left, once.
func (j *job) allLeft() bool {
	select {
	case <-j.left:
		return true
	default:
		return false
	}
}

// work takes tasks until none is left. Which worker computes a task changes
// nothing in its result.
func (j *job) work() {
	w := &j.spaces[j.joined.Add(1)-1]
	for {
		task := int(j.next.Add(1)) - 1
		if task >= j.grid.tasks() {
			return
		}
		j.block(w, j.grid.task(task))
	}
}

func (e *packedMultiplier) acquire() *job {
	e.mu.Lock()
	defer e.mu.Unlock()
	if last := len(e.idle) - 1; last >= 0 {
		j := e.idle[last]
		e.idle = e.idle[:last]
		return j
	}
	return newJob(e.workers)
}

func newJob(workers int) *job {
	j := &job{
		spaces:  make([]workspace, workers),
		helpers: make([]helper, workers-1),
		left:    make(chan struct{}, 1),
	}
	for i := range j.helpers {
		h := &j.helpers[i]
		h.serve = func() { h.loop(j) }
	}
	return j
}

func (e *packedMultiplier) release(j *job) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.idle = append(e.idle, j)
}
