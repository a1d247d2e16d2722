//go:build amd64 && !purego

package gemm

import "fmt"

// implementations returns one implementation for each instruction set of this
// machine and each of some numbers of workers, or gonum's if it has none.
func implementations() []implementation {
	var all []implementation
	for s := detect(); s > none; s-- {
		for _, workers := range []int{1, 2, 3, 8} {
			all = append(all, implementation{fmt.Sprintf("%v-%d", s, workers), force(s, workers)})
		}
	}
	if all == nil {
		all = []implementation{{"gonum", New(1)}}
	}
	return all
}

// force returns an implementation with a chosen instruction set.
func force(s isa, workers int) *Implementation {
	return &Implementation{multiplier: newPacked(s, workers)}
}
