package prune

import "testing"

// FuzzParseRule holds that a rule that parses is printed and parsed to the same.
func FuzzParseRule(f *testing.F) {
	for _, seed := range []string{"gru0.weight_hh=0.1", "gru0.weight_hh[z]=0.2", "*.weight_ih=lane8x8:0.3", "out.weight=dense", "a[b=1", "=", "a=block0x0"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseRule(text)
		if err != nil {
			return
		}
		if r.Density != nil && !(*r.Density > 0 && *r.Density <= 1) {
			t.Errorf("rule %q has density %v", text, *r.Density)
		}
		again, err := ParseRule(r.String())
		if err != nil || again.String() != r.String() {
			t.Errorf("rule %q prints as %q, which reads as %q, error %v", text, r, again, err)
		}
	})
}
