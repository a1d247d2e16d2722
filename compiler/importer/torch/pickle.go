package torch

import (
	"bytes"
	"fmt"

	"github.com/nlpodyssey/gopickle/pickle"

	"github.com/sparsec/sparsec/ir/ckpt"
)

// storages finds the storage of a key, or says why there is none.
type storages func(dtype ckpt.DType, key string, elements int) (*storage, error)

// unpickle reads the first pickle of b and returns its value and its length. No
// class is known but those of this package, none of which runs anything. Where
// find is nil a storage is an error.
func unpickle(b []byte, find storages) (value any, length int, err error) {
	length, err = extent(b)
	if err != nil {
		return nil, 0, err
	}
	// The library panics on values of the wrong kind: keys that cannot be
	// compared, dicts of an odd number of items.
	defer func() {
		if p := recover(); p != nil {
			value, err = nil, fmt.Errorf("pickle: %v", p)
		}
	}()
	u := pickle.NewUnpickler(bytes.NewReader(b[:length]))
	u.FindClass = findClass
	if find != nil {
		u.PersistentLoad = persistentLoad(find)
	}
	value, err = u.Load()
	return value, length, err
}

// extent is the length of the first pickle of b in bytes. It checks, before
// anything is made of it, that the pickle has only the opcodes that data need,
// that no argument is longer than what is there, and that there are not too many.
func extent(b []byte) (int, error) {
	at, objects := 0, 0
	for count := 0; count < maxOpcodes; count++ {
		if at >= len(b) {
			return 0, fmt.Errorf("pickle: ends after %d bytes without a STOP", len(b))
		}
		op, ok := opcodes[b[at]]
		if !ok {
			return 0, fmt.Errorf("pickle: byte %d: opcode %#02x, which the pickle of a state dict has no use for", at, b[at])
		}
		n, ok := op.length(b[at+1:])
		if !ok {
			return 0, fmt.Errorf("pickle: byte %d: the argument of opcode %#02x is longer than what is there", at, b[at])
		}
		stop := b[at] == '.'
		if at += 1 + n; stop {
			return at, nil
		}
		if op.object {
			objects++
		}
		if objects > maxObjects {
			return 0, fmt.Errorf("pickle: more than %d objects", maxObjects)
		}
	}
	return 0, fmt.Errorf("pickle: more than %d opcodes", maxOpcodes)
}

// Bounds of a pickle: each tensor takes some 20 opcodes and 9 objects, an object
// up to 300 bytes.
const (
	maxOpcodes = 1 << 20
	maxObjects = 1 << 18
)
