//go:build !linux

package rt

// reserve is memory with nothing around it that is known.
func reserve(bytes int) []byte { return make([]byte, bytes) }
