// Package asm emits the assembly of a generated package through avo: one
// [File] a package and instruction set, to which each kernel family appends its
// functions.
//
// Every kernel takes its registers from a fixed pool of physical ones and
// keeps its constants in the read-only section of its file; a check over the
// finished program holds it to the instruction set and to the conventions of
// the Go runtime before anything is printed.
package asm
