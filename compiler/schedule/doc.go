// Package schedule decides how each matrix–vector product of a model is
// computed: a cost model of the [Target] prices every [Strategy] that can hold
// the matrix, [Choose] takes the cheapest within the options, and the [Plan]
// says which one and why. Dense is always among them, so by the model nothing
// gets slower than dense. Nothing is timed here: a plan that was measured comes
// in as a file and drives the compilation in the same way.
package schedule
