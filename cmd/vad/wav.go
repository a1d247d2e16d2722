package main

import (
	"fmt"
	"math"
	"os"

	"github.com/go-audio/wav"
)

// sampleRate is that of the model, in Hz.
const sampleRate = 16000

// pulseCode is the format of a WAV file of whole numbers.
const pulseCode = 1

// readWAV reads a recording of one channel at the rate of the model, in numbers from
// −1 to 1.
func readWAV(path string) ([]float32, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	d := wav.NewDecoder(f)
	d.ReadInfo()
	switch {
	case d.Err() != nil:
		return nil, fmt.Errorf("%s: is no WAV file: %w", path, d.Err())
	case d.NumChans == 0:
		return nil, fmt.Errorf("%s: is no WAV file: does not say its format", path)
	case d.WavAudioFormat != pulseCode || d.BitDepth != 16 && d.BitDepth != 24 && d.BitDepth != 32:
		return nil, fmt.Errorf("%s: format %d of %d bits, want whole numbers of 16, 24 or 32 bits", path, d.WavAudioFormat, d.BitDepth)
	case d.NumChans != 1:
		return nil, fmt.Errorf("%s: %d channels, want one", path, d.NumChans)
	case d.SampleRate != sampleRate:
		return nil, fmt.Errorf("%s: %d samples a second, want %d", path, d.SampleRate, sampleRate)
	}
	pcm, err := d.FullPCMBuffer()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	samples := make([]float32, len(pcm.Data))
	for i, v := range pcm.Data {
		samples[i] = float32(math.Ldexp(float64(v), 1-int(d.BitDepth)))
	}
	return samples, nil
}
