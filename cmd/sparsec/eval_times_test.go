package main

import (
	"math"
	"testing"
)

func TestSignificant(t *testing.T) {
	for x, want := range map[float64]string{
		0.000123: "0.00012", 0.0000999: "0.00010", 0.5: "0.50", 1.26: "1.3", 8325: "8300", 9960: "10000", 42: "42", math.Inf(1): "+Inf",
	} {
		if got := significant(x, 2); got != want {
			t.Errorf("%v is printed as %s, want %s", x, got, want)
		}
	}
}
