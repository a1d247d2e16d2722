package data

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Unknown is the unit of class 0: everything that is not in the vocabulary.
const Unknown = "<unk>"

// Vocabulary numbers units (bytes, characters or words) from 0, which is Unknown.
type Vocabulary struct {
	units   []string
	classes map[string]int32
}

// BuildVocabulary keeps the most frequent units, so that there are at most limit
// classes with Unknown among them; 0 sets no limit. Units of the same count are
// taken in the order of their bytes.
func BuildVocabulary(counts map[string]int, limit int) (*Vocabulary, error) {
	if limit < 0 || limit == 1 {
		return nil, fmt.Errorf("vocabulary of %d classes, want at least 2", limit)
	}
	units := make([]string, 0, len(counts))
	for unit := range counts {
		if unit != Unknown {
			units = append(units, unit)
		}
	}
	slices.SortFunc(units, func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	if limit > 0 && len(units) > limit-1 {
		units = units[:limit-1]
	}
	return NewVocabulary(units)
}

// NewVocabulary numbers units in their order from 1 on.
func NewVocabulary(units []string) (*Vocabulary, error) {
	v := &Vocabulary{units: []string{Unknown}, classes: map[string]int32{Unknown: 0}}
	for _, unit := range units {
		if _, twice := v.classes[unit]; twice {
			return nil, fmt.Errorf("vocabulary: unit %q is there twice", unit)
		}
		v.classes[unit] = int32(len(v.units))
		v.units = append(v.units, unit)
	}
	return v, nil
}

// Size is the number of classes.
func (v *Vocabulary) Size() int { return len(v.units) }

// Class is the number of a unit, 0 for one that is unknown.
func (v *Vocabulary) Class(unit string) int32 { return v.classes[unit] }

// Unit is the unit of a class, Unknown for a class that does not exist.
func (v *Vocabulary) Unit(class int32) string {
	if class < 0 || int(class) >= len(v.units) {
		return Unknown
	}
	return v.units[class]
}

// MarshalText writes one quoted unit a line, without Unknown.
func (v *Vocabulary) MarshalText() ([]byte, error) {
	var text []byte
	for _, unit := range v.units[1:] {
		text = append(strconv.AppendQuote(text, unit), '\n')
	}
	return text, nil
}

// UnmarshalText reads what MarshalText wrote.
func (v *Vocabulary) UnmarshalText(text []byte) error {
	var units []string
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		unit, err := strconv.Unquote(strings.TrimSuffix(line, "\n"))
		if err != nil {
			return fmt.Errorf("vocabulary: line %d: want a quoted unit", n)
		}
		units = append(units, unit)
	}
	read, err := NewVocabulary(units)
	if err != nil {
		return err
	}
	*v = *read
	return nil
}
