//go:build amd64 && !purego

package gemm

import "fmt"

// implementations returns one Sgemm for each instruction set this machine has
// and each of some numbers of workers.
func implementations() []implementation {
	var all []implementation
	for _, s := range []isa{avx512, avx2} {
		if s > detect() {
			continue
		}
		for _, workers := range []int{1, 2} {
			m := &packedMultiplier{kernel: kernelOf(s), workers: workers}
			all = append(all, implementation{fmt.Sprintf("%s-%d", m.name(), workers), &Implementation{multiplier: m}})
		}
	}
	return all
}
