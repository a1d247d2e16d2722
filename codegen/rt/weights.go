package rt

import (
	"encoding/binary"
	"unsafe"
)

// section is one array of a weights file: len bytes at byte off, made of
// little-endian elements of width bytes.
type section struct{ off, len, width int }

// loadWeights returns the base of a weights file whose sections hold elements
// in the byte order of this machine. On a little-endian machine that is the
// file itself, read-only and shared by all goroutines; on a big-endian one it
// is a copy, swapped once.
func loadWeights(file string, sections []section) unsafe.Pointer {
	if binary.NativeEndian.Uint16([]byte{1, 0}) == 1 {
		return unsafe.Pointer(unsafe.StringData(file))
	}
	return unsafe.Pointer(&swapSections(file, sections)[0])
}

// swapSections copies a weights file with the bytes of every element reversed.
// The copy is a multiple of 8 bytes long and aligned to 8.
func swapSections(file string, sections []section) []byte {
	words := make([]uint64, (len(file)+7)/8)
	out := unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), 8*len(words))
	copy(out, file)
	for _, s := range sections {
		for at := s.off; at < s.off+s.len; at += s.width {
			for i, j := at, at+s.width-1; i < j; i, j = i+1, j-1 {
				out[i], out[j] = out[j], out[i]
			}
		}
	}
	return out
}

// weightsAt is the n elements of type T at byte off of a weights file.
func weightsAt[T any](base unsafe.Pointer, off, n int) []T {
	return unsafe.Slice((*T)(unsafe.Add(base, off)), n)
}
