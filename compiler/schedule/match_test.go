package schedule

import "testing"

func TestMatch(t *testing.T) {
	for _, row := range []struct {
		pattern, name string
		want          bool
	}{
		{"*", "/decoder/rnn/LSTM.weight_ih", true},
		{"*weight_ih", "/decoder/rnn/LSTM.weight_ih", true},
		{"/decoder/*", "/decoder/rnn/LSTM.weight_ih", true},
		{"/encoder/*", "/decoder/rnn/LSTM.weight_ih", false},
		{"gru?.weight_ih", "gru0.weight_ih", true},
		{"a/b", "a|b", false},
		{"a|b", "a/b", false},
	} {
		if got := Match(row.pattern, row.name); got != row.want {
			t.Errorf("%q of %q: %v, want %v", row.name, row.pattern, got, row.want)
		}
	}
}
