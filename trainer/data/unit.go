package data

import (
	"fmt"
	"iter"
	"unicode/utf8"
)

// Unit says what a text is cut into.
type Unit uint8

const (
	Byte Unit = iota
	Rune      // a byte that is not UTF-8 is a unit of its own
)

// String returns "byte" or "rune".
func (u Unit) String() string {
	switch u {
	case Byte:
		return "byte"
	case Rune:
		return "rune"
	}
	return fmt.Sprintf("Unit(%d)", uint8(u))
}

// Units yields the units of text in order; together they are the text.
func (u Unit) Units(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for len(text) > 0 {
			n := 1
			if u == Rune {
				_, n = utf8.DecodeRuneInString(text)
			}
			if !yield(text[:n]) {
				return
			}
			text = text[n:]
		}
	}
}

// Count counts the units of all texts.
func (u Unit) Count(texts ...string) map[string]int {
	counts := map[string]int{}
	for _, text := range texts {
		for unit := range u.Units(text) {
			counts[unit]++
		}
	}
	return counts
}

// Encode returns the classes of the units of text.
func (u Unit) Encode(v *Vocabulary, text string) []int32 {
	classes := make([]int32, 0, len(text))
	for unit := range u.Units(text) {
		classes = append(classes, v.Class(unit))
	}
	return classes
}
