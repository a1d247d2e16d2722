// Package onnx makes an [ir.Model] of an ONNX file.
//
// A graph of ONNX computes whole tensors at once; a model of package ir is applied
// to every frame of a stream and knows vectors only. So the graph is interpreted
// abstractly, node by node in its own order: every tensor of it is either constant,
// and what is computed of constants alone is folded here (weights that exporters
// cut up, and all arithmetic of shapes), or a view of the vectors of one frame, for
// each element of which is known which element of which vector it is. Reshape,
// Transpose, Slice, Concat and the like only rearrange views; nodes of the model come
// of what computes.
//
// At most one axis of a tensor is time and runs along the frames (time.go). Where a
// file has none, the whole graph is one frame, and its recurrence goes through inputs
// and outputs that are found to be states (states.go).
//
// The semantics are those of the operators' documentation at
// https://onnx.ai/onnx/operators, the format that of
// https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
package onnx
