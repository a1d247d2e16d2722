// Package lower turns a graph and its plan into a kernel program: one file for
// each family of ops, and pack.go for the packed matrices of each strategy.
//
// Gates stay stacked, as the graph has them, so that one matrix–vector product
// computes all gates of a cell; every gate block is padded by empty rows to a
// multiple of [kernel.Lanes]. A recurrent node's value is its state buffer,
// which its cell updates in place, or a copy of it where a mask may leave the
// cell out. What only forwards values costs nothing: an identity is another name
// of its input, as is a slice of it whose offset allows that, and a part of a
// concatenation is written in place by its producer.
//
// Where a Linear has several rows their products lie apart by the padded rows of the
// matrix (layout.go): element-wise nodes go through the gaps, a Pick reads past
// them, and others get a copy without. Windows of a convolution that overlap are
// read in place, from their union.
package lower
