package main

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// riff is a WAV file of 16 bits.
func riff(format, channels, rate int, samples ...int16) []byte {
	var b []byte
	u16 := func(v int) { b = binary.LittleEndian.AppendUint16(b, uint16(v)) }
	u32 := func(v int) { b = binary.LittleEndian.AppendUint32(b, uint32(v)) }
	b = append(b, "RIFF"...)
	u32(36 + 2*len(samples))
	b = append(b, "WAVEfmt "...)
	u32(16)
	u16(format)
	u16(channels)
	u32(rate)
	u32(2 * channels * rate)
	u16(2 * channels)
	u16(16)
	b = append(b, "data"...)
	u32(2 * len(samples))
	for _, s := range samples {
		u16(int(s))
	}
	return b
}

func TestReadWAV(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.wav")
	for _, test := range []struct {
		name string
		file []byte
		want string
	}{
		{"sound", riff(pulseCode, 1, 16000, 0, 16384, -32768), ""},
		{"another rate", riff(pulseCode, 1, 44100, 0), "44100 samples a second, want 16000"},
		{"stereo", riff(pulseCode, 2, 16000, 0, 0), "2 channels, want one"},
		{"compressed", riff(2, 1, 16000, 0), "format 2 of 16 bits"},
		{"text", []byte("no recording at all, but long enough for a header"), "is no WAV file"},
		{"empty", nil, "is no WAV file"},
		{"cut off", riff(pulseCode, 1, 16000)[:30], "format 1 of 0 bits"},
	} {
		if err := os.WriteFile(path, test.file, 0o644); err != nil {
			t.Fatal(err)
		}
		got, err := readWAV(path)
		if test.want == "" {
			if err != nil || !slices.Equal(got, []float32{0, 0.5, -1}) {
				t.Errorf("%s: %v, %v", test.name, got, err)
			}
		} else if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want one with %q", test.name, err, test.want)
		}
	}
}
