// Package cluster looks for orders of rows in which kernels take fewer steps.
//
// Kernels compute the rows of a group together, one a lane, and a step serves
// one weight of each row among a few neighbouring columns. Lanes whose row has
// none there idle. Which rows share a group is free, and worth a third of the
// steps in small matrices: rows are sorted by their number of weights, then
// pairs of rows of different groups change places as long as that does not add
// steps (hill climbing).
//
// A search is bounded by counted work, not by time: the same matrix, options and
// seed give the same order on every machine.
package cluster
