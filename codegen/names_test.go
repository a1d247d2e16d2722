package codegen

import (
	"go/token"
	"testing"
)

func TestPrivateNames(t *testing.T) {
	s := newScope("step")
	rows := []struct{ name, want string }{
		{"gru0.weight_hh", "gru0WeightHh"},
		{"gru0/weight-hh", "gru0WeightHh_2"},
		{"Hidden", "hidden"},
		{"step", "step_2"},
		{"range", "range_2"},
		{"len", "len_2"},
		{"0.h", "v0H"},
		{"", "v"},
		{"→ β", "v_2"},
		{"a\nb", "aB"},
	}
	for _, r := range rows {
		got := s.private(r.name)
		if got != r.want || !token.IsIdentifier(got) {
			t.Errorf("%q: %q, want %q", r.name, got, r.want)
		}
	}
}
