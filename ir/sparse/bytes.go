package sparse

import (
	"encoding/binary"
	"math"
)

// The arrays of packed matrices are kept as the little-endian bytes that go
// into the weights file, so that whatever interprets a packed matrix reads
// what its kernels will read.
type (
	float32s []byte
	uint32s  []byte
	uint16s  []byte
)

func (b float32s) at(i int) float32 { return math.Float32frombits(uint32s(b).at(i)) }
func (b uint32s) at(i int) uint32   { return binary.LittleEndian.Uint32(b[4*i:]) }
func (b uint16s) at(i int) uint16   { return binary.LittleEndian.Uint16(b[2*i:]) }
func (b uint32s) len() int          { return len(b) / 4 }
func (b uint16s) len() int          { return len(b) / 2 }

func (b *float32s) append(v float32) {
	*b = binary.LittleEndian.AppendUint32(*b, math.Float32bits(v))
}
func (b *uint32s) append(values ...uint32) {
	for _, v := range values {
		*b = binary.LittleEndian.AppendUint32(*b, v)
	}
}
func (b *uint16s) append(v uint16) { *b = binary.LittleEndian.AppendUint16(*b, v) }

// or sets bits of element i.
func (b uint32s) or(i int, bits uint32) { binary.LittleEndian.PutUint32(b[4*i:], b.at(i)|bits) }
func (b uint16s) or(i int, bits uint16) { binary.LittleEndian.PutUint16(b[2*i:], b.at(i)|bits) }

// lanes is the number of rows in a group: float32 in a vector register of AVX2.
const lanes = 8

func roundUp(n, multiple int) int { return (n + multiple - 1) / multiple * multiple }
