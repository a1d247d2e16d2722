// Package eval computes models slowly and plainly: what everything fast is held
// against.
//
// [Graph] is the reference: an ir.Model in float64, straight from the formulas
// of package ir. [Frames] and [Assemble] carry whole tensors of the file that a
// model was imported from to its frames and states, and back.
//
// [Program] is a kernel.Program in float32, instruction by instruction: what the
// emitted kernels are held against.
package eval
