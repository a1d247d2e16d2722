package asm

import "testing"

// TestVectorRuns wants every vector in one call, in order, of no more than so many,
// and none alone where there are others.
func TestVectorRuns(t *testing.T) {
	for vectors := 2; vectors < 200; vectors++ {
		for most := mostVectors; most < 40; most += mostVectors {
			next := 0
			for _, run := range vectorRuns(vectors, most) {
				if run.From != next || run.Count < 2 || run.Count > most {
					t.Fatalf("%d vectors, %d a call: %+v", vectors, most, vectorRuns(vectors, most))
				}
				next += run.Count * run.Times
			}
			if next != vectors {
				t.Fatalf("%d vectors, %d a call: %+v", vectors, most, vectorRuns(vectors, most))
			}
		}
	}
}
