// Package kernel is the kernel program: how a model is computed, as packed
// matrices and element-wise steps on float32 buffers, with no register and no
// mnemonic in it. The assembly, the portable Go and the interpreter read the
// same program and can be held against each other.
//
// A program says what a step of a stream does, layer by layer. Where layers go
// backwards or read later frames, [Program.Streaming] is false: then all frames go
// through one of its [Program.Stages] after the other.
package kernel
