package rt

import "unsafe"

// inLines returns a weights file at a multiple of 64 bytes, if that is wanted. The
// linker puts an embedded file at a multiple of 32: where that is an odd one, every
// load of 64 bytes would cross a cache line, which takes 6 % more time where weights
// stream, so the file is copied.
func inLines(file string, wanted bool) string {
	const line = 64
	if !wanted || uintptr(unsafe.Pointer(unsafe.StringData(file)))%line == 0 {
		return file
	}
	b := make([]byte, len(file)+line)
	b = b[-uintptr(unsafe.Pointer(&b[0]))%line:][:len(file)]
	copy(b, file)
	return unsafe.String(&b[0], len(file))
}
