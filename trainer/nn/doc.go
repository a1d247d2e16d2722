// Package nn holds the layers, losses and gradients that train a recurrent
// network: [Linear], [Embedding], [RNN], [GRU], [LSTM], [Bidirectional],
// [Dropout], [Activation], [LastStep], [Normalize], [BatchNorm], [Scale], [Window],
// [Depthwise], [Mask], put together as a [Stack], scored by
// [CrossEntropy], [CTC] or [MSE], and run over the streams of a [Batch] on several
// goroutines by [Parallel].
//
// Everything is generic over float32, which trains, and float64, in which the
// gradients are checked. Sequences are time-major and contiguous,
// [step][stream][width]. Weights are [out in], row-major, and gates are stacked
// by rows, both as in PyTorch and in package ir.
//
// Matrix products go through the implementations that are registered with
// gonum's blas32 and blas64. When [Parallel] runs several workers each of them
// multiplies at the same time, so a single-threaded implementation serves best.
// Training a pruned float32 network leaves zero weights out of its products where
// [Parallel].SparseBelow asks for it, and out of gradients once ZerosStay says so.
//
// On amd64 with AVX2 and FMA tanh, the sigmoid and the softmax of float32
// networks are assembly, elsewhere and with the build tag purego they are Go. The two round
// differently; each gives an element the same bits wherever it stands, so that
// neither the number of workers nor that of streams changes it.
//
// A layer owns the memory that its Forward and Backward return; it is valid
// until the next call of the same method. After the largest batch has been seen
// once, nothing is allocated.
//
//go:generate go run ../../asm/activation -out .
package nn
