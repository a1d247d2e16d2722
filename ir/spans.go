package ir

import (
	"fmt"
	"strconv"
	"strings"
)

// Span is Count elements of a vector: From, From+Step and so on, or zeros where
// From is −1.
type Span struct{ From, Count, Step int }

// Spans are spans in words, FROM:COUNT:STEP joined by slashes; :STEP is left out
// where it is 1. "0:64/63:64:-1/-1:8" is 64 elements, the same backwards, and 8
// zeros.
type Spans string

// maxSpans is the largest number of spans.
const maxSpans = 1 << 20

// MakeSpans writes spans in words, neighbours that continue each other as one.
func MakeSpans(list []Span) Spans {
	var b strings.Builder
	for i, s := range list {
		if i > 0 {
			b.WriteByte('/')
		}
		fmt.Fprintf(&b, "%d:%d", s.From, s.Count)
		if s.Step != 1 {
			fmt.Fprintf(&b, ":%d", s.Step)
		}
	}
	return Spans(b.String())
}

// SpansOf are the spans of a list of elements, −1 for a zero.
func SpansOf(elements []int) Spans {
	var list []Span
	for i := 0; i < len(elements); {
		s := Span{elements[i], 1, 1}
		if i+1 < len(elements) && s.From >= 0 && elements[i+1] >= 0 {
			s.Step = elements[i+1] - s.From
		}
		for i+s.Count < len(elements) && elements[i+s.Count] == s.at(s.Count) && (s.From < 0) == (elements[i+s.Count] < 0) {
			s.Count++
		}
		if s.Count == 1 || s.From < 0 {
			s.Step = 1
		}
		list = append(list, s)
		i += s.Count
	}
	return MakeSpans(list)
}

// at is element i of the span.
func (s Span) at(i int) int {
	if s.From < 0 {
		return -1
	}
	return s.From + i*s.Step
}

// List are the spans. It panics on words that [Model.Verify] reports.
func (s Spans) List() []Span {
	list, err := s.parse()
	if err != nil {
		panic("ir: " + err.Error())
	}
	return list
}

// Elements are the picked elements in their order, −1 for a zero. It panics on
// words that [Model.Verify] reports.
func (s Spans) Elements() []int {
	var all []int
	for _, span := range s.List() {
		for i := range span.Count {
			all = append(all, span.at(i))
		}
	}
	return all
}

// parse reads the words.
func (s Spans) parse() ([]Span, error) {
	words := strings.Split(string(s), "/")
	if len(words) > maxSpans {
		return nil, fmt.Errorf("%d spans, want at most %d", len(words), maxSpans)
	}
	list := make([]Span, len(words))
	for i, word := range words {
		numbers := strings.Split(word, ":")
		if len(numbers) != 2 && len(numbers) != 3 {
			return nil, fmt.Errorf("span %q, want FROM:COUNT or FROM:COUNT:STEP", word)
		}
		values := []int{0, 0, 1}
		for k, n := range numbers {
			v, err := strconv.ParseInt(n, 10, 32)
			if err != nil {
				return nil, fmt.Errorf("span %q: %q is no whole number", word, n)
			}
			values[k] = int(v)
		}
		list[i] = Span{values[0], values[1], values[2]}
	}
	return list, nil
}

// size is the number of elements picked from a vector of n, or what is wrong.
func (s Spans) size(n int) (int, error) {
	list, err := s.parse()
	if err != nil {
		return 0, err
	}
	sum := 0
	for _, span := range list {
		if span.Count < 1 || span.Count > MaxElements-sum {
			return 0, fmt.Errorf("span %d:%d has %d elements, want 1 to %d in all", span.From, span.Count, span.Count, MaxElements)
		}
		sum += span.Count
		if span.From == -1 {
			continue
		}
		last := int64(span.From) + int64(span.Count-1)*int64(span.Step)
		if span.From < 0 || n != unknown && (span.From >= n || last < 0 || last >= int64(n)) {
			return 0, fmt.Errorf("span %d:%d:%d leaves a vector of %d", span.From, span.Count, span.Step, n)
		}
	}
	return sum, nil
}
