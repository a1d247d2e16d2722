package data

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Sound is samples of one channel, from −1 to 1.
type Sound struct {
	Rate    int // samples a second
	Samples []float32
}

// ReadWAV reads a RIFF WAVE file of integers of 8, 16, 24 or 32 bits or of floats of
// 32 or 64; several channels are averaged. name is what errors call the file.
func ReadWAV(content []byte, name string) (*Sound, error) {
	fail := func(format string, args ...any) (*Sound, error) {
		return nil, fmt.Errorf("%s: %s", name, fmt.Sprintf(format, args...))
	}
	if len(content) < 12 || string(content[:4]) != "RIFF" || string(content[8:12]) != "WAVE" {
		return fail("begins with %q, want a RIFF WAVE file", content[:min(len(content), 12)])
	}
	var format *wavFormat
	for rest := content[12:]; ; {
		if len(rest) < 8 {
			return fail("ends without a chunk of data")
		}
		kind, size := string(rest[:4]), int64(binary.LittleEndian.Uint32(rest[4:]))
		rest = rest[8:]
		if size > int64(len(rest)) {
			return fail("chunk %q of %d bytes, of which the file has %d", kind, size, len(rest))
		}
		chunk := rest[:size]
		var err error
		switch kind {
		case "fmt ":
			if format, err = readWAVFormat(chunk); err != nil {
				return fail("%v", err)
			}
		case "data":
			if format == nil {
				return fail("chunk of data in front of that of its format")
			}
			samples, err := format.samples(chunk)
			if err != nil {
				return fail("%v", err)
			}
			return &Sound{Rate: format.rate, Samples: samples}, nil
		}
		rest = rest[min(size+size%2, int64(len(rest))):] // chunks are padded to whole words
	}
}

// wavFormat is the chunk that says what samples are.
type wavFormat struct {
	float                bool
	channels, rate, bits int
}

// Codes of formats, and that of a format which names one of them further on.
const (
	wavPCM        = 1
	wavFloat      = 3
	wavExtensible = 0xfffe
)

func readWAVFormat(chunk []byte) (*wavFormat, error) {
	if len(chunk) < 16 {
		return nil, fmt.Errorf("format of %d bytes, want at least 16", len(chunk))
	}
	u16 := func(at int) int { return int(binary.LittleEndian.Uint16(chunk[at:])) }
	code := u16(0)
	if code == wavExtensible && len(chunk) >= 26 {
		code = u16(24)
	}
	f := &wavFormat{float: code == wavFloat, channels: u16(2), rate: int(binary.LittleEndian.Uint32(chunk[4:])), bits: u16(14)}
	switch {
	case code != wavPCM && code != wavFloat:
		return nil, fmt.Errorf("samples in format %d, want integers (%d) or floats (%d)", code, wavPCM, wavFloat)
	case f.float && f.bits != 32 && f.bits != 64:
		return nil, fmt.Errorf("floats of %d bits, want 32 or 64", f.bits)
	case !f.float && (f.bits%8 != 0 || f.bits < 8 || f.bits > 32):
		return nil, fmt.Errorf("integers of %d bits, want 8, 16, 24 or 32", f.bits)
	case f.channels == 0:
		return nil, fmt.Errorf("no channels, want at least one")
	case f.rate == 0:
		return nil, fmt.Errorf("rate of 0 samples a second")
	case u16(12) != f.channels*f.bits/8:
		return nil, fmt.Errorf("%d bytes for all channels of a sample, want %d of %d channels of %d bits", u16(12), f.channels*f.bits/8, f.channels, f.bits)
	}
	return f, nil
}

// samples are the means of the channels.
func (f *wavFormat) samples(chunk []byte) ([]float32, error) {
	size := f.bits / 8
	frame := size * f.channels
	if len(chunk) == 0 || len(chunk)%frame != 0 {
		return nil, fmt.Errorf("%d bytes of samples, want some of %d bytes", len(chunk), frame)
	}
	samples := make([]float32, len(chunk)/frame)
	for i := range samples {
		sum := 0.0
		for c := range f.channels {
			sum += f.sample(chunk[i*frame+c*size:])
		}
		v := float32(sum / float64(f.channels))
		if v-v != 0 {
			return nil, fmt.Errorf("sample %d is %v, want a finite number", i, v)
		}
		samples[i] = v
	}
	return samples, nil
}

// sample is one number; integers of 8 bits have no sign.
func (f *wavFormat) sample(b []byte) float64 {
	switch {
	case f.float && f.bits == 64:
		return math.Float64frombits(binary.LittleEndian.Uint64(b))
	case f.float:
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(b)))
	case f.bits == 8:
		return (float64(b[0]) - 128) / 128
	case f.bits == 16:
		return float64(int16(binary.LittleEndian.Uint16(b))) / (1 << 15)
	case f.bits == 24:
		return float64(int32(uint32(b[0])<<8|uint32(b[1])<<16|uint32(b[2])<<24)) / (1 << 31)
	}
	return float64(int32(binary.LittleEndian.Uint32(b))) / (1 << 31)
}
