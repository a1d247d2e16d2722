package ir

import (
	"slices"
	"testing"
)

// TestSpansOf holds the words of lists of elements, and that they are read back.
func TestSpansOf(t *testing.T) {
	for _, tc := range []struct {
		elements []int
		want     Spans
	}{
		{[]int{0, 1, 2}, "0:3"},
		{[]int{5}, "5:1"},
		{[]int{4, 4, 4}, "4:3:0"},
		{[]int{-1, -1}, "-1:2"},
		{[]int{2, 1, 0, -1, -1}, "2:3:-1/-1:2"}, // the zeros do not continue the way down
		{[]int{1, 0, -1}, "1:2:-1/-1:1"},
		{[]int{-1, 0, 1, -1}, "-1:1/0:2/-1:1"},
		{[]int{0, 8, 16, 1, 9, 17}, "0:3:8/1:3:8"},
	} {
		got := SpansOf(tc.elements)
		if got != tc.want || !slices.Equal(got.Elements(), tc.elements) {
			t.Errorf("%v: got %q, which is %v, want %q", tc.elements, got, got.Elements(), tc.want)
		}
	}
}
