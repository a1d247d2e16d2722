package data

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"
)

// wave writes a WAV file: chunks of its format and of its samples, with another
// between them that readers pass over.
func wave(code, channels, rate, bits int, samples []byte) []byte {
	le := binary.LittleEndian
	format := le.AppendUint16(nil, uint16(code))
	format = le.AppendUint16(format, uint16(channels))
	format = le.AppendUint32(format, uint32(rate))
	format = le.AppendUint32(format, uint32(rate*channels*bits/8))
	format = le.AppendUint16(format, uint16(channels*bits/8))
	format = le.AppendUint16(format, uint16(bits))
	chunk := func(kind string, content []byte) []byte {
		c := append(le.AppendUint32([]byte(kind), uint32(len(content))), content...)
		return append(c, make([]byte, len(content)%2)...)
	}
	body := slices.Concat([]byte("WAVE"), chunk("fmt ", format), chunk("note", []byte("odd")), chunk("data", samples))
	return slices.Concat([]byte("RIFF"), le.AppendUint32(nil, uint32(len(body))), body)
}

func TestReadWAV(t *testing.T) {
	le := binary.LittleEndian
	float := func(bits int, values ...float64) (b []byte) {
		for _, v := range values {
			if bits == 64 {
				b = le.AppendUint64(b, math.Float64bits(v))
			} else {
				b = le.AppendUint32(b, math.Float32bits(float32(v)))
			}
		}
		return b
	}
	extensible := wave(wavExtensible, 1, 8000, 16, []byte{0, 0x40})
	// A format that names another one has 24 bytes more, the first two of them behind
	// the eight of its own.
	extensible = slices.Insert(extensible, 36, slices.Concat([]byte{22, 0, 16, 0, 4, 0, 0, 0, wavPCM, 0}, make([]byte, 14))...)
	extensible[16] = 40
	for _, row := range []struct {
		name    string
		content []byte
		rate    int
		want    []float32
	}{
		{"8 bits", wave(wavPCM, 1, 8000, 8, []byte{0, 128, 192}), 8000, []float32{-1, 0, 0.5}},
		{"16 bits", wave(wavPCM, 1, 16000, 16, []byte{0, 0x80, 0, 0x40, 0xff, 0xff}), 16000, []float32{-1, 0.5, -1.0 / 32768}},
		{"24 bits", wave(wavPCM, 1, 44100, 24, []byte{0, 0, 0x80, 0, 0, 0x40}), 44100, []float32{-1, 0.5}},
		{"32 bits", wave(wavPCM, 1, 48000, 32, []byte{0, 0, 0, 0x80, 0, 0, 0, 0x20}), 48000, []float32{-1, 0.25}},
		{"floats", wave(wavFloat, 1, 8000, 32, float(32, 0.25, -0.5)), 8000, []float32{0.25, -0.5}},
		{"doubles", wave(wavFloat, 1, 8000, 64, float(64, 0.25, -0.5)), 8000, []float32{0.25, -0.5}},
		{"two channels", wave(wavPCM, 2, 8000, 16, []byte{0, 0x40, 0, 0x20, 0, 0x80, 0, 0x40}), 8000, []float32{0.375, -0.25}},
		{"extensible", extensible, 8000, []float32{0.5}},
	} {
		got, err := ReadWAV(row.content, "a.wav")
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
		} else if got.Rate != row.rate || !slices.Equal(got.Samples, row.want) {
			t.Errorf("%s: %+v, want %v at %d", row.name, got, row.want, row.rate)
		}
	}
}

func TestReadWAVErrors(t *testing.T) {
	good := wave(wavPCM, 1, 8000, 16, []byte{1, 2, 3, 4})
	changed := func(at int, b byte) []byte {
		c := slices.Clone(good)
		c[at] = b
		return c
	}
	for _, row := range []struct {
		name    string
		content []byte
		want    string
	}{
		{"empty", nil, `a.wav: begins with "", want a RIFF WAVE file`},
		{"text", []byte("#!/bin/sh and so on"), `a.wav: begins with "#!/bin/sh an"`},
		{"cut in the data", good[:len(good)-2], `a.wav: chunk "data" of 4 bytes, of which the file has 2`},
		{"no data", good[:48], "a.wav: ends without a chunk of data"},
		{"data first", slices.Concat(good[:12], good[48:]), "a.wav: chunk of data in front of that of its format"},
		{"short format", slices.Concat(good[:12], []byte("fmt \x04\x00\x00\x00abcd")), "a.wav: format of 4 bytes, want at least 16"},
		{"A-law", changed(20, 6), "a.wav: samples in format 6, want integers (1) or floats (3)"},
		{"12 bits", changed(34, 12), "a.wav: integers of 12 bits, want 8, 16, 24 or 32"},
		{"half floats", wave(wavFloat, 1, 8000, 16, []byte{0, 0}), "a.wav: floats of 16 bits, want 32 or 64"},
		{"no channels", changed(22, 0), "a.wav: no channels"},
		{"no rate", wave(wavPCM, 1, 0, 16, []byte{0, 0}), "a.wav: rate of 0"},
		{"block", changed(32, 4), "a.wav: 4 bytes for all channels of a sample, want 2 of 1 channels of 16 bits"},
		{"odd data", wave(wavPCM, 1, 8000, 16, []byte{1, 2, 3}), "a.wav: 3 bytes of samples, want some of 2 bytes"},
		{"no samples", wave(wavPCM, 1, 8000, 16, nil), "a.wav: 0 bytes of samples"},
		{"infinite", wave(wavFloat, 1, 8000, 32, []byte{0, 0, 0x80, 0x7f}), "a.wav: sample 0 is +Inf, want a finite number"},
	} {
		if _, err := ReadWAV(row.content, "a.wav"); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %q", row.name, err, row.want)
		}
	}
}

func FuzzReadWAV(f *testing.F) {
	f.Add(wave(wavPCM, 1, 8000, 16, []byte{1, 2, 3, 4}))
	f.Add(wave(wavFloat, 2, 8000, 64, make([]byte, 16)))
	f.Fuzz(func(t *testing.T, content []byte) {
		s, err := ReadWAV(content, "a.wav")
		if err == nil && (s.Rate <= 0 || len(s.Samples) == 0) {
			t.Errorf("%+v without an error", s)
		}
	})
}
