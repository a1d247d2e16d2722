// Package codegen emits the Go package of a kernel program: [Emit] returns its
// files in memory, the assembly of package asm among them.
//
// Structure is built with jennifer. What is the same in every package is
// ordinary Go that is copied: the portable kernels from codegen/rt, as far as
// the program needs them, and the tests from _suite, which reach the model
// through a small adaptor that is generated.
//
// The same program and options give the same bytes on every machine.
package codegen
