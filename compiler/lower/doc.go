// Package lower turns a graph and its plan into a kernel program: one file for
// each family of ops, and pack.go for the packed matrices of each strategy.
//
// Gates stay stacked, as the graph has them, so that one matrix–vector product
// computes all gates of a cell; every gate block is padded by empty rows to a
// multiple of [kernel.Lanes]. A recurrent node's value is its state buffer,
// which its cell updates in place, or a copy of it where a mask may leave the
// cell out. What only forwards values costs nothing: an identity is another name
// of its input, and a part of a concatenation is written in place by its
// producer where offsets allow.
package lower
