// Package sweep reads experiments: grids of training runs that are compared.
//
// An [Experiment] is a TOML file. Its [Cell]s are the runs, each a configuration
// of package trainer: the base settings, those of a variant, a value of every
// axis, and a seed. A cell keeps what it does in a folder of its own ([Cell.Name]
// below the folder of the sweep), and ends with a [Result] in it; so cells can run
// in any processes and on any machines that share the folder, be interrupted, and
// be collected when they are done ([Collect]).
//
// [Experiment.Manifest] is a Kubernetes Indexed Job whose indexes are the cells.
package sweep
