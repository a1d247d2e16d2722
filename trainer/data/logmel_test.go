package data

import (
	"math"
	"strings"
	"testing"
)

// sine is a tone.
func sine(rate, n int, hertz, amplitude float64) []float32 {
	s := make([]float32, n)
	for i := range s {
		s[i] = float32(amplitude * math.Sin(2*math.Pi*hertz*float64(i)/float64(rate)))
	}
	return s
}

// TestLogMelHearsTones: the loudest band of a tone is the one that it lies in, twice
// the amplitude is four times the energy, and silence is the floor.
func TestLogMelHearsTones(t *testing.T) {
	const bands = 20
	for _, rate := range []int{8000, 16000} {
		m, err := NewLogMel(rate, bands)
		if err != nil {
			t.Fatal(err)
		}
		top := 2595 * math.Log10(1+float64(rate)/2/700)
		for _, band := range []int{1, 7, 13, 18} {
			hertz := 700 * (math.Pow(10, top*float64(band+1)/(bands+1)/2595) - 1) // its middle
			quiet, err := m.Features(sine(rate, rate/5, hertz, 0.1))
			if err != nil {
				t.Fatal(err)
			}
			// A fifth of a second has 18 whole windows of 25 ms, 10 ms apart.
			if quiet.Width != bands || quiet.Len() != 18 {
				t.Fatalf("%d frames of %d, want 18 of %d", quiet.Len(), quiet.Width, bands)
			}
			loud, err := m.Features(sine(rate, rate/5, hertz, 0.2))
			if err != nil {
				t.Fatal(err)
			}
			for at := 0; at < len(quiet.Values); at += bands {
				best := at
				for i := at; i < at+bands; i++ {
					if quiet.Values[i] > quiet.Values[best] {
						best = i
					}
				}
				if best != at+band {
					t.Errorf("rate %d: a tone of band %d is loudest in band %d", rate, band, best-at)
				}
				if d := float64(loud.Values[best] - quiet.Values[best]); math.Abs(d-math.Log(4)) > 1e-3 {
					t.Errorf("twice the amplitude adds %v, want log 4", d)
				}
			}
		}
		silence, err := m.Features(make([]float32, rate/10))
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range silence.Values {
			if v != float32(math.Log(melFloor)) {
				t.Fatalf("silence is %v, want log %v", v, melFloor)
			}
		}
	}
}

func TestLogMelErrors(t *testing.T) {
	for _, row := range []struct {
		rate, bands int
		want        string
	}{
		{8000, 0, "0 bands of sound of 8000 samples a second"},
		{20, 4, "4 bands of sound of 20 samples a second"},
		{8000, 400, "holds no frequency, want fewer bands"},
	} {
		if _, err := NewLogMel(row.rate, row.bands); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%d bands at %d: %v, want %q", row.bands, row.rate, err, row.want)
		}
	}
	m, err := NewLogMel(8000, 10)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Features(make([]float32, 199)); err == nil || !strings.Contains(err.Error(), "199 samples, want at least the 200 of a window") {
		t.Errorf("a short sound: %v", err)
	}
	if s, err := m.Features(make([]float32, 200)); err != nil || s.Len() != 1 {
		t.Errorf("one window: %v, %v", s, err)
	}
}
