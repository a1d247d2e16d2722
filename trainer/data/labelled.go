package data

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Labelled is a text and its class, as a surname and its language.
type Labelled struct {
	Label, Text string
}

// ReadLabelled reads lines of label, tab, text. name is what errors call the
// input. Empty lines are skipped.
func ReadLabelled(r io.Reader, name string) ([]Labelled, error) {
	var items []Labelled
	err := readLines(r, name, func(line string) error {
		if line == "" {
			return nil
		}
		label, text, ok := strings.Cut(line, "\t")
		if !ok || label == "" || text == "" {
			return fmt.Errorf("%.40q, want label, tab, text", line)
		}
		items = append(items, Labelled{Label: label, Text: text})
		return nil
	})
	return items, err
}

// LabelsOf returns the labels of items, sorted, each once.
func LabelsOf(items []Labelled) []string {
	var labels []string
	for _, item := range items {
		labels = append(labels, item.Label)
	}
	slices.Sort(labels)
	return slices.Compact(labels)
}

// LabelledDataset encodes texts by v and labels by their place in labels.
func LabelledDataset(items []Labelled, unit Unit, v *Vocabulary, labels []string) (*Dataset, error) {
	d := &Dataset{}
	for _, item := range items {
		class := slices.Index(labels, item.Label)
		if class < 0 {
			return nil, fmt.Errorf("%q: label %q is none of the %d known ones", item.Text, item.Label, len(labels))
		}
		d.Examples = append(d.Examples, Example{Index: unit.Encode(v, item.Text), Classes: []int32{int32(class)}})
	}
	return d, nil
}

// readLines calls f for every line without its end. Errors carry name and line.
func readLines(r io.Reader, name string, f func(line string) error) error {
	scanner := bufio.NewScanner(r)
	scanner.Buffer(nil, 1<<24)
	n := 0
	for scanner.Scan() {
		n++
		if err := f(strings.TrimSuffix(scanner.Text(), "\r")); err != nil {
			return fmt.Errorf("%s:%d: %w", name, n, err)
		}
	}
	if err := scanner.Err(); err != nil {
		return fmt.Errorf("%s:%d: %w", name, n+1, err)
	}
	return nil
}
