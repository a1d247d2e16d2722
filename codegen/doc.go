// Package codegen emits the Go package of a kernel program: [Emit] returns its
// files in memory, the assembly of package asm among them.
//
// Structure is built with jennifer. What is the same in every package is
// ordinary Go that is copied: the portable kernels from codegen/rt, as far as
// the program needs them, and the tests from _suite, which reach the model
// through a small adaptor that is generated.
//
// A program that can be stepped becomes a package with State.Step and State.Run. One
// whose layers read later frames takes whole sequences and has State.Run alone:
// whole.go and stages.go. States that users see have accessors: [Accessors].
//
// The same program and options give the same bytes on every machine.
package codegen
