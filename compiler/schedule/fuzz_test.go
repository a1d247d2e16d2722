package schedule

import (
	"bytes"
	"strings"
	"testing"
)

// FuzzDecode holds that a plan that is read is written and read to the same
// bytes, and that what is no plan is an error that says so.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"format":1}`))
	f.Add([]byte(`{"format":1,"target":"x","matrices":[{"name":"w","strategy":"block8"}]}`))
	f.Add([]byte(`{"format":1} {}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := Decode(bytes.NewReader(text))
		if err != nil {
			if !strings.HasPrefix(err.Error(), "plan:") {
				t.Errorf("error %q does not say what is read", err)
			}
			return
		}
		first, err := p.Encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := Decode(bytes.NewReader(first))
		if err != nil {
			t.Fatal(err)
		}
		if second, err := again.Encode(); err != nil || !bytes.Equal(first, second) {
			t.Errorf("%s\nis written again as\n%s\nerror %v", first, second, err)
		}
	})
}
