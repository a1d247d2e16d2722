package rt

import (
	"encoding/binary"
	"unsafe"
)

// Section is one array of a weights file: Len bytes at byte Off, made of
// little-endian elements of Width bytes.
type Section struct{ Off, Len, Width int }

// LoadWeights returns the base of a weights file whose sections hold elements
// in the byte order of this machine. On a little-endian machine that is the
// file itself, read-only and shared by all goroutines; on a big-endian one it
// is a copy, swapped once.
func LoadWeights(file string, sections []Section) unsafe.Pointer {
	if binary.NativeEndian.Uint16([]byte{1, 0}) == 1 {
		return unsafe.Pointer(unsafe.StringData(file))
	}
	return unsafe.Pointer(&SwapSections(file, sections)[0])
}

// SwapSections copies a weights file with the bytes of every element reversed.
// The copy is a multiple of 8 bytes long and aligned to 8.
func SwapSections(file string, sections []Section) []byte {
	words := make([]uint64, (len(file)+7)/8)
	out := unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), 8*len(words))
	copy(out, file)
	for _, s := range sections {
		for at := s.Off; at < s.Off+s.Len; at += s.Width {
			for i, j := at, at+s.Width-1; i < j; i, j = i+1, j-1 {
				out[i], out[j] = out[j], out[i]
			}
		}
	}
	return out
}

// At is the n elements of type T at byte off of a weights file.
func At[T any](base unsafe.Pointer, off, n int) []T {
	return unsafe.Slice((*T)(unsafe.Add(base, off)), n)
}
