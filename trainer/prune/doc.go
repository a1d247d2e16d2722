// Package prune makes weights zero while a network trains.
//
// A [Schedule] says at which iterations masks are recomputed and what is kept:
// [Ramp] is the two-slope threshold of Narang, Diamos, Sengupta and Elsen,
// "Exploring Sparsity in Recurrent Neural Networks" (ICLR 2017); [Cubic] goes
// to a target density (Zhu and Gupta, "To prune, or not to prune", 2017);
// [OneShot] prunes once; [RigL] exchanges weights at one density; [Frozen] keeps
// the zeros that are there. What is pruned in which pattern to which density, by
// tensor and gate, [Options] and [Rule] say; what a pattern is, package sparse.
// [Pruner.Shrink] is a group lasso that pulls whole blocks towards zero meanwhile.
//
// A [Pruner] holds the masks. After every update of the optimiser
// [Pruner.AfterStep] first recomputes them, where the schedule says so, from the
// values that the update left, and only then sets pruned weights to zero. The
// order is what lets a weight come back: one that was zero takes part again if
// its update alone lifts it over what is pruned. (The algorithm as printed in
// the paper masks first; a pruned weight could then never return, against its
// text.) Gradients are not changed, but by [Pruner.MaskGradients], which is for when
// no mask is made anew any more.
//
// An iteration number counts the updates done: it is 1 after the first.
package prune
