package data

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/dsp/fourier"
)

// LogMel turns sound into features: the logarithm of the energy in each of Bands
// triangular bands, which lie evenly on the mel scale from 0 to half the rate, of a
// Hann window of 25 ms every 10 ms. It is used again for many sounds of a rate, and
// not safe for concurrent use.
type LogMel struct {
	Rate, Bands int

	fft          *fourier.FFT
	window       []float64
	step         int
	filters      []melFilter
	scratch      []float64
	coefficients []complex128
}

// melFilter is the weights of the frequencies of a band, from the first on.
type melFilter struct {
	from    int
	weights []float64
}

const (
	melWindow = 0.025 // seconds
	melStep   = 0.010
	melFloor  = 1e-8 // energy that silence has at least; a full sine has about 0.1·window²
)

// NewLogMel prepares the features of sounds of a rate.
func NewLogMel(rate, bands int) (*LogMel, error) {
	m := &LogMel{Rate: rate, Bands: bands, step: int(math.Round(melStep * float64(rate)))}
	length := int(math.Round(melWindow * float64(rate)))
	if bands < 1 || m.step < 1 || length < 2 {
		return nil, fmt.Errorf("%d bands of sound of %d samples a second, want at least one of %d", bands, rate, 100)
	}
	for i := range length {
		m.window = append(m.window, 0.5-0.5*math.Cos(2*math.Pi*float64(i)/float64(length)))
	}
	size := 512 // more points than samples: bands at the bottom are narrow
	for size < length {
		size *= 2
	}
	m.fft = fourier.NewFFT(size)
	m.scratch, m.coefficients = make([]float64, size), make([]complex128, size/2+1)
	return m, m.divide()
}

// divide places the bands.
func (m *LogMel) divide() error {
	hertz := func(mel float64) float64 { return 700 * (math.Pow(10, mel/2595) - 1) }
	top := 2595 * math.Log10(1+float64(m.Rate)/2/700)
	edge := func(i int) float64 { return hertz(top * float64(i) / float64(m.Bands+1)) }
	bin := float64(m.Rate) / float64(len(m.scratch))
	for b := range m.Bands {
		low, middle, high := edge(b), edge(b+1), edge(b+2)
		f := melFilter{from: int(low/bin) + 1}
		for i := f.from; float64(i)*bin < high; i++ {
			at := float64(i) * bin
			f.weights = append(f.weights, min((at-low)/(middle-low), (high-at)/(high-middle)))
		}
		if len(f.weights) == 0 {
			return fmt.Errorf("%d bands of sound of %d samples a second: band %d holds no frequency, want fewer bands", m.Bands, m.Rate, b)
		}
		m.filters = append(m.filters, f)
	}
	return nil
}

// Features are the frames of a sound, one for every whole window.
func (m *LogMel) Features(samples []float32) (*Series, error) {
	if len(samples) < len(m.window) {
		return nil, fmt.Errorf("%d samples, want at least the %d of a window", len(samples), len(m.window))
	}
	s := &Series{Width: m.Bands}
	for ; len(samples) >= len(m.window); samples = samples[m.step:] {
		s.Values = append(s.Values, m.frame(samples)...)
		if len(samples) < m.step {
			break
		}
	}
	return s, nil
}

// frame are the features of one window.
func (m *LogMel) frame(samples []float32) []float32 {
	clear(m.scratch)
	for i, w := range m.window {
		m.scratch[i] = w * float64(samples[i])
	}
	m.fft.Coefficients(m.coefficients, m.scratch)
	features := make([]float32, m.Bands)
	for b, f := range m.filters {
		energy := 0.0
		for i, w := range f.weights {
			c := m.coefficients[f.from+i]
			energy += w * (real(c)*real(c) + imag(c)*imag(c))
		}
		features[b] = float32(math.Log(max(energy, melFloor)))
	}
	return features
}
