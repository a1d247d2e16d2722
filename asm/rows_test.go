package asm

import "testing"

// TestVectorRuns wants every vector in one call, in order, of no more than so many,
// and none alone where there are others.
func TestVectorRuns(t *testing.T) {
	for vectors := 2; vectors < 200; vectors++ {
		for _, together := range []int{mostVectors, mostWideVectors} {
			for most := together; most < 40; most += together {
				runs := vectorRuns(vectors, most, together)
				next := 0
				for _, run := range runs {
					if run.From != next || run.Count%together == 1 || run.Count > most || run.Times < 1 {
						t.Fatalf("%d vectors, %d a call: %+v", vectors, most, runs)
					}
					next += run.Count * run.Times
				}
				if next != vectors {
					t.Fatalf("%d vectors, %d a call: %+v", vectors, most, runs)
				}
			}
		}
	}
}
