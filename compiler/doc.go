// Package compiler turns a model into the files of a Go package. It is nothing
// but the order of the phases:
//
//	verify → pass → schedule → lower → kernel verify → codegen
//
// Each phase is a package of its own and can be looked at: [Package] keeps the
// graph behind the passes, the plan and the kernel program. The same model and
// options give the same bytes on every machine.
package compiler
