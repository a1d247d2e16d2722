package decode

import "fmt"

// Errors counts what is wrong with transcripts.
type Errors struct {
	Edits  int `json:"edits"`  // units to insert, delete or replace
	Length int `json:"length"` // units of what was spoken
}

// Compare counts the errors of a transcript, of characters or of words.
func Compare[E comparable](got, want []E) Errors {
	return Errors{Edits: Distance(got, want), Length: len(want)}
}

// Add adds more errors.
func (e *Errors) Add(more Errors) {
	e.Edits += more.Edits
	e.Length += more.Length
}

// Rate is the edits per unit of what was spoken, which may be more than 1. Of
// nothing spoken it is 0.
func (e Errors) Rate() float64 { return float64(e.Edits) / float64(max(e.Length, 1)) }

// String is the rate with its counts.
func (e Errors) String() string {
	return fmt.Sprintf("%.2f %% (%d of %d)", 100*e.Rate(), e.Edits, e.Length)
}

// Distance is the least number of insertions, deletions and replacements that turn
// one sequence into the other (Levenshtein 1966).
func Distance[E comparable](a, b []E) int {
	var short [256]int // without an allocation
	row := short[:]    // distances of a prefix of a to the prefixes of b
	if len(b) >= len(short) {
		row = make([]int, len(b)+1)
	}
	row = row[:len(b)+1]
	for j := range row {
		row[j] = j
	}
	for i, x := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j, y := range b {
			replaced := diagonal
			if x != y {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
