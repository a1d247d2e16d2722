// Package trainer trains recurrent networks whose weights become sparse while
// they train.
//
// A [Config] says what is trained on what; [New] reads the data and checks that
// all fits together, and [Trainer.Run] trains, prunes and validates until the
// steps are done, early stopping ends the run, or its context is cancelled. The
// [Result] holds the network with the best validation as an ir.Model, which
// ir/ckpt writes and the compiler reads.
//
// # Determinism and resuming
//
// A run is a function of its configuration, its data, the start model and whether
// matrix products and the functions of package nn are assembly: the same bits come out
// whenever and wherever it runs, also when it was cancelled or killed and went on
// from its checkpoint. Clock and observers do not influence it. No generator of
// random numbers is carried along: initial weights, the order of sequences and
// what dropout drops are drawn from generators seeded by the seed and by the
// number of the epoch or step.
//
// # Matrix products
//
// Products go through the implementation registered with gonum's blas32, which
// is a setting of the process and therefore of its main package: register
// trainer/gemm once before training, single-threaded, since every worker
// multiplies for itself:
//
//	gemm.Register(1)
//
// Trainers may then run side by side.
package trainer
