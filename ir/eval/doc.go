// Package eval computes models slowly and plainly: what everything fast is held
// against.
//
// [Graph] is the reference: an ir.Model in float64, straight from the formulas
// of package ir.
package eval
