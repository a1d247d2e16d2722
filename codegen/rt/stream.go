package rt

import (
	"encoding/binary"
	"math"
)

// appendFloats appends v as little-endian float32.
func appendFloats(b []byte, v []float32) []byte {
	for _, f := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
	}
	return b
}

// readFloats fills v from little-endian float32 and returns what follows.
func readFloats(v []float32, b []byte) []byte {
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return b[4*len(v):]
}

// appendFlags appends a byte a flag, 1 for true.
func appendFlags(b []byte, flags ...bool) []byte {
	for _, flag := range flags {
		v := byte(0)
		if flag {
			v = 1
		}
		b = append(b, v)
	}
	return b
}
