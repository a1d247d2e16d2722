// Package eval computes models slowly and plainly: what everything fast is held
// against.
//
// [Graph] is the reference: an ir.Model in float64, straight from the formulas
// of package ir.
//
// [Program] is a kernel.Program in float32, instruction by instruction: what the
// emitted kernels are held against.
package eval
