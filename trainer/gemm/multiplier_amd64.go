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
	s := detect()
	if s == none {
		return nil
	}
	return &packedMultiplier{kernel: kernelOf(s), workers: workers}
}

func (e *packedMultiplier) name() string {
	if e.kernel.isa == avx512 {
		return "avx512"
	}
	return "avx2"
}

// job is one product on its way through the workers.
type job struct {
	product
	kernel microKernel
	grid   grid
	spaces []workspace // one a worker

	next   atomic.Int64 // task to take
	joined atomic.Int64 // workers that have started
	wait   sync.WaitGroup
	help   func() // work and report; made once, since a go statement with arguments allocates
}

func (e *packedMultiplier) multiply(p product) {
	j := e.acquire()
	defer e.release(j)
	j.product = p
	j.grid = partition(p.m, p.n, p.k, e.kernel, e.workers)
	j.next.Store(0)
	j.joined.Store(0)
	helpers := min(e.workers, j.grid.tasks()) - 1
	j.wait.Add(helpers)
	for range helpers {
		go j.help()
	}
	j.work()
	j.wait.Wait()
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
	j := &job{kernel: e.kernel, spaces: make([]workspace, e.workers)}
	j.help = func() {
		defer j.wait.Done()
		j.work()
	}
	return j
}

func (e *packedMultiplier) release(j *job) {
	j.product = product{} // keeps no matrix alive
	e.mu.Lock()
	defer e.mu.Unlock()
	e.idle = append(e.idle, j)
}
