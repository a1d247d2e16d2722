//go:build !amd64 || purego

package gemm

// implementations returns what New makes without assembly.
func implementations() []implementation {
	return []implementation{{"gonum", New(1)}}
}
