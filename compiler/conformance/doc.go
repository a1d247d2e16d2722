// Package conformance has the test that holds imported models against the outputs of
// other programs: the interpreter of their graph, and packages compiled of them with
// the portable kernels and those of each instruction set of the machine. There is
// nothing to import.
package conformance
