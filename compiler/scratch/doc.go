// Package scratch builds and runs emitted packages in a temporary module that
// needs nothing but the standard library, so that it works offline.
package scratch
