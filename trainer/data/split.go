package data

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"unicode/utf8"
)

// Split divides data into training, validation and test parts. The fractions of
// the first two are of the whole; the test part is the rest. The zero value is
// 80 %, 10 % and 10 %.
type Split struct {
	Train, Valid float64
}

// bounds returns where validation and test begin among n items.
func (s Split) bounds(n int) (valid, test int, err error) {
	if s == (Split{}) {
		s = Split{Train: 0.8, Valid: 0.1}
	}
	// Tolerates sums like 0.9 + 0.1, which need not be 1 in binary.
	if !(s.Train > 0 && s.Valid >= 0 && s.Train+s.Valid <= 1+1e-9) {
		return 0, 0, fmt.Errorf("split: %v for training and %v for validation, want fractions of at most 1 together", s.Train, s.Valid)
	}
	valid = int(s.Train*float64(n) + 0.5)
	test = min(int((s.Train+s.Valid)*float64(n)+0.5), n)
	return valid, test, nil
}

// Text divides a text in order, between characters.
func (s Split) Text(text string) (train, valid, test string, err error) {
	v, t, err := s.bounds(len(text))
	if err != nil {
		return "", "", "", err
	}
	v, t = runeStart(text, v), runeStart(text, t)
	return text[:v], text[v:t], text[t:], nil
}

// runeStart moves i back to where a character starts, over at most three bytes.
func runeStart(text string, i int) int {
	for back := 0; back < utf8.UTFMax && i-back > 0 && i < len(text); back++ {
		if utf8.RuneStart(text[i-back]) {
			return i - back
		}
	}
	return i
}

// InOrder divides items as they stand.
func InOrder[E any](s Split, items []E) (train, valid, test []E, err error) {
	v, t, err := s.bounds(len(items))
	if err != nil {
		return nil, nil, nil, err
	}
	return items[:v], items[v:t], items[t:], nil
}

// Shuffled divides items after shuffling a copy of them by seed.
func Shuffled[E any](s Split, items []E, seed uint64) (train, valid, test []E, err error) {
	v, t, err := s.bounds(len(items))
	if err != nil {
		return nil, nil, nil, err
	}
	shuffled := slices.Clone(items)
	r := rand.New(rand.NewPCG(seed, 0))
	r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	return shuffled[:v], shuffled[v:t], shuffled[t:], nil
}
