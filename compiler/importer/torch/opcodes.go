package torch

import (
	"bytes"
	"encoding/binary"
)

// opcode is what the argument of an opcode of pickle is, see
// Lib/pickletools.py of Python.
type opcode struct {
	kind   argument
	size   int // of fixed, in bytes; of lines, their number; of counted, that of the count
	object bool
}

type argument uint8

const (
	fixed   argument = iota
	lines            // each at most maxLine long
	counted          // a little-endian count of the bytes that follow
	frame            // the same, and they are opcodes again
)

// maxLine is the longest line: of a number, a module or a class.
const maxLine = 256

// opcodes are those that protocols 0 to 5 write for numbers, texts, tuples,
// lists, dicts and the classes of a state dict. Left out are sets, byte arrays,
// buffers out of band, the registry of extensions, and instances of protocol 0.
var opcodes = map[byte]opcode{
	'.': {}, '0': {}, '1': {}, 'N': {}, 'Q': {}, 'a': {}, 'b': {}, 'e': {}, 's': {}, 'u': {},
	0x88: {}, 0x89: {}, 0x93: {},

	'(': {object: true}, ')': {object: true}, ']': {object: true}, '}': {object: true},
	'd': {object: true}, 'l': {object: true}, 't': {object: true}, 'R': {object: true},
	0x81: {object: true}, 0x85: {object: true}, 0x86: {object: true}, 0x87: {object: true}, 0x94: {object: true},

	'K': {size: 1}, 'h': {size: 1}, 'M': {size: 2}, 'J': {size: 4}, 'j': {size: 4}, 'G': {size: 8}, 0x80: {size: 1},
	'q': {size: 1, object: true}, 'r': {size: 4, object: true},

	'F': {kind: lines, size: 1}, 'I': {kind: lines, size: 1}, 'L': {kind: lines, size: 1}, 'S': {kind: lines, size: 1},
	'V': {kind: lines, size: 1}, 'g': {kind: lines, size: 1},
	'p': {kind: lines, size: 1, object: true}, 'c': {kind: lines, size: 2, object: true},

	'U': {kind: counted, size: 1}, 'C': {kind: counted, size: 1}, 0x8a: {kind: counted, size: 1}, 0x8c: {kind: counted, size: 1},
	'T': {kind: counted, size: 4}, 'B': {kind: counted, size: 4}, 'X': {kind: counted, size: 4},
	0x8d: {kind: counted, size: 8}, 0x8e: {kind: counted, size: 8},

	0x95: {kind: frame, size: 8},
}

// length is the number of bytes of the argument at the beginning of b, when they
// are there.
func (o opcode) length(b []byte) (int, bool) {
	switch o.kind {
	case lines:
		return lineLength(b, o.size)
	case counted, frame:
		if len(b) < o.size {
			return 0, false
		}
		var count [8]byte
		copy(count[:], b[:o.size])
		n := binary.LittleEndian.Uint64(count[:])
		if n > uint64(len(b)-o.size) {
			return 0, false
		}
		if o.kind == frame {
			return o.size, true
		}
		return o.size + int(n), true
	}
	return o.size, o.size <= len(b)
}

// lineLength is the length of n lines.
func lineLength(b []byte, n int) (int, bool) {
	at := 0
	for range n {
		end := bytes.IndexByte(b[at:min(at+maxLine, len(b))], '\n')
		if end < 0 {
			return 0, false
		}
		at += end + 1
	}
	return at, true
}
