// Package verify holds an emitted package against the model it was compiled
// from: it vets and builds the package in a module of its own, runs it on a
// sequence beside the float64 reference of ir/eval, and unpacks the emitted
// weights to compare their zeros with the model's.
package verify
