package rt

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// crew is a fixed number of goroutines that compute the shares of a task side by
// side: one is whoever calls run, the others wait for it in between. Tasks take
// an argument of type T besides the number of the share. Callers on several
// goroutines take turns.
type crew[T any] struct {
	turn    sync.Mutex
	stopped bool
	helpers []waiter
	ended   sync.WaitGroup

	// The task under way, written before a round begins and read by the helpers
	// within it.
	task   func(T, int)
	arg    T
	shares int

	_      [128]byte // what the caller writes and what the helpers write, on lines of their own
	round  atomic.Uint32
	_      [128]byte
	left   atomic.Int32 // helpers that have not finished the round
	caller waiter
}

// newCrew starts size−1 helpers; they run until stop.
func newCrew[T any](size int) *crew[T] {
	c := &crew[T]{helpers: make([]waiter, size-1), caller: newWaiter()}
	for i := range c.helpers {
		c.helpers[i] = newWaiter()
		c.ended.Go(func() { c.help(i) })
	}
	return c
}

// run calls task(arg, share) for every share from 0 on and returns when all have
// returned. The caller takes share 0; with more shares than goroutines each takes
// every size-th. It does not allocate.
func (c *crew[T]) run(task func(T, int), arg T, shares int) {
	c.turn.Lock()
	defer c.turn.Unlock()
	if c.stopped {
		panic("workers: used after Close")
	}
	c.task, c.arg, c.shares = task, arg, shares
	c.left.Store(int32(len(c.helpers)))
	c.begin()
	c.compute(0)
	c.caller.await(func() bool { return c.left.Load() == 0 })
	var none T
	c.arg = none
}

// stop ends the helpers and returns when they have.
func (c *crew[T]) stop() {
	c.turn.Lock()
	defer c.turn.Unlock()
	if !c.stopped {
		c.stopped, c.task = true, nil
		c.begin()
		c.ended.Wait()
	}
}

// begin starts the next round.
func (c *crew[T]) begin() {
	c.round.Add(1)
	for i := range c.helpers {
		c.helpers[i].rouse()
	}
}

// compute takes the shares of one goroutine of the crew.
func (c *crew[T]) compute(member int) {
	for share := member; share < c.shares; share += len(c.helpers) + 1 {
		c.task(c.arg, share)
	}
}

// help is the life of a helper. No round begins before it has finished the one
// before, so that it sees each.
func (c *crew[T]) help(i int) {
	for round := uint32(1); ; round++ {
		c.helpers[i].await(func() bool { return c.round.Load() == round })
		if c.task == nil {
			return
		}
		c.compute(i + 1)
		if c.left.Add(-1) == 0 {
			c.caller.rouse()
		}
	}
}

// A waiter looks for what it waits for polls times before it lets other
// goroutines run, looks again, and goes to sleep after yields of that, which is
// some 30 µs: longer than the element-wise parts between the products of a step,
// and short beside the time between the steps of a stream in real time. On one
// processor the others run at the first yield.
const (
	polls  = 64
	yields = 200
)

// waiter is where one goroutine waits.
type waiter struct {
	asleep atomic.Bool
	wake   chan struct{} // a token for each time that asleep was taken back by rouse
	_      [128]byte
}

func newWaiter() waiter { return waiter{wake: make(chan struct{}, 1)} }

// await returns when ready does; whoever makes it ready calls rouse afterwards.
func (w *waiter) await(ready func() bool) {
	for {
		for range yields {
			for range polls {
				if ready() {
					return
				}
			}
			runtime.Gosched()
		}
		// Either rouse sees asleep, or ready sees what came before rouse.
		w.asleep.Store(true)
		if ready() && w.asleep.CompareAndSwap(true, false) {
			return
		}
		<-w.wake
	}
}

// rouse wakes the waiter if it sleeps.
func (w *waiter) rouse() {
	if w.asleep.Load() && w.asleep.CompareAndSwap(true, false) {
		w.wake <- struct{}{}
	}
}
