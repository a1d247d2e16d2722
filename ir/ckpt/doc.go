// Package ckpt reads and writes model.ckpt: a safetensors file whose metadata
// carries the graph. PyTorch and every other reader of safetensors opens it.
//
// The file is a header length (8 bytes, little-endian), a header in JSON and
// the data of the tensors, without gaps. The metadata has the keys
// sparsec.version ([Version]) and sparsec.graph (the text form of package ir);
// all others belong to the caller. The tensors are the parameters of the graph.
//
// [Read] and [Write] carry a model, [ReadTensors] and [WriteTensors] any named
// arrays. Writing is deterministic and atomic: the file at the path is the old
// one or the new one, whole. Reading trusts nothing: no length or shape of the
// file is believed before it is held against the size of the file, so that
// what is allocated is bounded by what is there; an error lists every faulty
// tensor.
//
// The codec is this package's own. github.com/nlpodyssey/safetensors wants the
// whole file in memory before it looks at the header; decodes a header of up to
// 100 MB into maps of interfaces, which takes some twenty times as much; lets
// the last of two tensors of one name win; replaces what is not UTF-8; and does
// not name the tensor in most errors. Checks in front of it would be a second
// parser of the header. The tests hold both codecs against each other.
package ckpt
