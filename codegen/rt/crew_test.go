package rt

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"
)

// tally is the argument of test tasks: each share writes its own element, without
// synchronisation of its own.
type tally struct {
	done []int
	mark int
}

func note(t *tally, share int) { t.done[share] = t.mark }

// TestCrew runs rounds close together, and with pauses in which everybody falls
// asleep, on one processor and on all, and wants every share done when run
// returns.
func TestCrew(t *testing.T) {
	for _, procs := range []int{1, runtime.NumCPU(), 8} {
		for _, size := range []int{1, 2, 3, 7} {
			t.Run(fmt.Sprintf("procs=%d,size=%d", procs, size), func(t *testing.T) {
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
				c := newCrew[*tally](size)
				defer c.stop()
				w := &tally{done: make([]int, 5)}
				for w.mark = 1; w.mark <= 2000; w.mark++ {
					c.run(note, w, len(w.done))
					for share, mark := range w.done {
						if mark != w.mark {
							t.Fatalf("round %d: share %d is at %d", w.mark, share, mark)
						}
					}
					if w.mark%500 == 0 {
						time.Sleep(2 * time.Millisecond)
					}
				}
			})
		}
	}
}

// TestCrewLateHelper has a helper that takes so long that the caller falls
// asleep.
func TestCrewLateHelper(t *testing.T) {
	c := newCrew[*tally](2)
	defer c.stop()
	w := &tally{done: make([]int, 2)}
	late := func(w *tally, share int) {
		if share == 1 {
			time.Sleep(time.Millisecond)
		}
		note(w, share)
	}
	for w.mark = 1; w.mark <= 20; w.mark++ {
		c.run(late, w, 2)
		if w.done[1] != w.mark {
			t.Fatalf("round %d: run returned before share 1", w.mark)
		}
	}
}

// TestCrewTurns runs tasks from several goroutines.
func TestCrewTurns(t *testing.T) {
	c := newCrew[*tally](3)
	defer c.stop()
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			w := &tally{done: make([]int, 3)}
			for w.mark = 1; w.mark <= 300; w.mark++ {
				c.run(note, w, 3)
				if w.done[0] != w.mark || w.done[1] != w.mark || w.done[2] != w.mark {
					t.Errorf("round %d: shares %v", w.mark, w.done)
					return
				}
			}
		})
	}
	group.Wait()
}

// TestCrewStop wants the helpers to end, awake or asleep, and run to panic.
func TestCrewStop(t *testing.T) {
	before := runtime.NumGoroutine()
	for _, pause := range []time.Duration{0, 5 * time.Millisecond} {
		c := newCrew[*tally](4)
		time.Sleep(pause)
		c.stop()
		c.stop()
		if n := runtime.NumGoroutine(); n > before {
			t.Errorf("pause %v: %d goroutines behind stop, %d before", pause, n, before)
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("pause %v: run behind stop does not panic", pause)
				}
			}()
			c.run(note, nil, 0)
		}()
	}
}

func TestCrewAllocations(t *testing.T) {
	c := newCrew[*tally](2)
	defer c.stop()
	w := &tally{done: make([]int, 2)}
	if n := testing.AllocsPerRun(100, func() { c.run(note, w, 2) }); n != 0 {
		t.Errorf("%v allocations a round", n)
	}
}

// BenchmarkCrew is a round without work: what a barrier costs.
func BenchmarkCrew(b *testing.B) {
	for _, size := range []int{1, 2} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			c := newCrew[*tally](size)
			defer c.stop()
			w := &tally{done: make([]int, 2)}
			for b.Loop() {
				c.run(note, w, 2)
			}
		})
	}
}
