// Package optim changes parameters along their gradients: Nesterov [SGD] and
// [Adam], [ClipGlobalNorm], and learning rates as pure functions of the step
// ([Schedule]).
//
// The state of an optimiser can be taken out as named tensors and put back
// ([Optimizer]); a run that is resumed so gives the same bits.
package optim
