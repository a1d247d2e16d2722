// Package ir is the graph of a recurrent model: what it computes, frame by
// frame, with no word on how.
//
// A [Model] reads one frame of each input, updates its states and yields one
// frame of each output. Every value, node and parameter has a name; a node's
// name is the name of the one value it makes. Ops are plain structs (one each,
// in ops.go) that name their parameters and states; shapes follow from
// [Model.Infer], faults are listed by [Model.Verify], and [Print] and [Parse]
// carry the graph, without the numbers, to text and back.
//
// A sequence runs forwards unless an op says [Reverse]. A bidirectional layer
// is two nodes over the same input, one of them reversed, and a [Concat]. A
// model of which no node is reversed or reads later frames ([Ahead], [Hold]) is
// streaming: it can be stepped.
//
// Values are vectors. What has more axes elsewhere, an image or the windows of a
// convolution, is laid out in one, and [Pick] and the rows of a [Linear] go through
// it. A recurrence that is none of the cells is spelled out between [Recall] and
// [Store]. A model that was imported also knows where the tensors at the edge of its
// file lie among its inputs, outputs and states: [Tensor].
package ir
