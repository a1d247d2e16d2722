// Package pass simplifies a graph before it is scheduled. Each pass is a pure
// function: it returns another model, or the same one when it changes nothing,
// and never writes to what it was given. [Pipeline] is the list of all of them
// in order.
//
// Gates need no pass of their own: the graph has them stacked in one tensor.
package pass
