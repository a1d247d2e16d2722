package rt

import (
	"strings"
	"testing"
	"unsafe"
)

// TestInLines wants a file at a multiple of 64 bytes whole, and one that lies so, or
// need not, where it is.
func TestInLines(t *testing.T) {
	at := func(s string) uintptr { return uintptr(unsafe.Pointer(unsafe.StringData(s))) }
	text := strings.Repeat("weights ", 40)
	for start := range 64 {
		file := text[start : start+200]
		got := inLines(file, true)
		if got != file || at(got)%64 != 0 {
			t.Errorf("at %d bytes of a line: %q at %d", at(file)%64, got, at(got)%64)
		}
		if at(file)%64 == 0 && at(got) != at(file) {
			t.Error("a copy of a file at the start of a line")
		}
		if unwanted := inLines(file, false); at(unwanted) != at(file) {
			t.Error("a copy that is not wanted")
		}
	}
}
