// Package rt is the portable part of every generated package: ordinary, tested
// Go whose declarations the emitter copies, as far as a program needs them,
// under the package clause of the generated package. So nothing is exported.
//
// It imports the standard library only, and its declarations refer to nothing
// outside of it: any set of them that is closed under use compiles alone.
package rt
