// Package tune makes plans from measurements: it times the strategies of every
// matrix of a model on this machine and takes the fastest. The plan is an input
// of compilation, which stays deterministic.
package tune
