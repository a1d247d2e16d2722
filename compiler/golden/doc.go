// Package golden holds compiled packages against golden vectors: the inputs that
// another program gave a model and the outputs and states that it got.
//
// [Read] reads a file of them, [Bind] lays them beside the tensors of a model as a
// sequence of frames and what must come of it, [Interpret] and [Module] run that
// with the interpreter of the graph and with compiled packages, and
// [Case.Compare] measures how far a run is from the file.
package golden
