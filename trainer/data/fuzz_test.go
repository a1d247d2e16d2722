package data

import (
	"bytes"
	"math"
	"strings"
	"testing"
)

// FuzzReaders holds that no input makes a reader panic, that series are
// rectangular and finite, and that a vocabulary that was read is written and
// read to the same.
func FuzzReaders(f *testing.F) {
	for _, seed := range []string{
		"", "a\tb\n", "x\ty\n\nz\tw\n", "1,2\n3,4\n\n5,6\n", "a,b\n1,NaN\n", "1\t2\n3\n", "\"a\"\n\"\\n\"\n", "\"a\"\n\"a\"\n", "1e39\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		read := func() *bytes.Reader { return bytes.NewReader(text) }
		items, err := ReadLabelled(read(), "fuzz")
		checkName(t, err)
		for _, item := range items {
			if item.Label == "" || item.Text == "" {
				t.Errorf("empty label or text: %+v", item)
			}
		}
		_, err = ReadTagged(read(), "fuzz")
		checkName(t, err)
		series, err := ReadSeries(read(), "fuzz")
		checkName(t, err)
		for _, s := range series {
			checkSeries(t, s)
		}
		checkVocabulary(t, text)
	})
}

func checkName(t *testing.T, err error) {
	if err != nil && !strings.HasPrefix(err.Error(), "fuzz:") {
		t.Errorf("error %q does not name the input", err)
	}
}

func checkSeries(t *testing.T, s *Series) {
	if s.Width < 1 || len(s.Values)%s.Width != 0 {
		t.Errorf("%d values in frames of %d", len(s.Values), s.Width)
	}
	for _, v := range s.Values {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			t.Errorf("value %v", v)
		}
	}
}

func checkVocabulary(t *testing.T, text []byte) {
	var v, again Vocabulary
	if v.UnmarshalText(text) != nil {
		return
	}
	written, err := v.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	if err := again.UnmarshalText(written); err != nil || again.Size() != v.Size() {
		t.Errorf("%d units, read again: %d, error %v", v.Size(), again.Size(), err)
	}
}
