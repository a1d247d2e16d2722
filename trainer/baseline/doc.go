// Package baseline steps a model the way a Go program does without a compiler:
// one call of gonum's Sgemv for every matrix, zeros and all, and a loop over
// the elements with package math for gates and activations. It is what a
// compiled package is measured against.
package baseline
