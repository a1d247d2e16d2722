// Package kernel is the kernel program: how a model is computed, as packed
// matrices and element-wise steps on float32 buffers, with no register and no
// mnemonic in it. The assembly, the portable Go and the interpreter read the
// same program and can be held against each other.
package kernel
