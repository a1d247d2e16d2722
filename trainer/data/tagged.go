package data

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Sentence is words and a tag for each.
type Sentence struct {
	Words, Tags []string
}

// ReadTagged reads lines of word, tab, tag; an empty line ends a sentence. name
// is what errors call the input.
func ReadTagged(r io.Reader, name string) ([]Sentence, error) {
	var sentences []Sentence
	var open Sentence
	end := func() {
		if len(open.Words) > 0 {
			sentences = append(sentences, open)
			open = Sentence{}
		}
	}
	err := readLines(r, name, func(line string) error {
		if line == "" {
			end()
			return nil
		}
		word, tag, ok := strings.Cut(line, "\t")
		if !ok || word == "" || tag == "" {
			return fmt.Errorf("%.40q, want word, tab, tag", line)
		}
		open.Words = append(open.Words, word)
		open.Tags = append(open.Tags, tag)
		return nil
	})
	end()
	return sentences, err
}

// WordsOf counts the words of sentences, for BuildVocabulary.
func WordsOf(sentences []Sentence) map[string]int {
	counts := map[string]int{}
	for _, s := range sentences {
		for _, word := range s.Words {
			counts[word]++
		}
	}
	return counts
}

// TagsOf returns the tags of sentences, sorted, each once.
func TagsOf(sentences []Sentence) []string {
	var tags []string
	for _, s := range sentences {
		tags = append(tags, s.Tags...)
	}
	slices.Sort(tags)
	return slices.Compact(tags)
}

// TaggedDataset encodes words by v and tags by their place in tags.
func TaggedDataset(sentences []Sentence, v *Vocabulary, tags []string) (*Dataset, error) {
	d := &Dataset{PerStep: true}
	for _, s := range sentences {
		var e Example
		for i, word := range s.Words {
			class := slices.Index(tags, s.Tags[i])
			if class < 0 {
				return nil, fmt.Errorf("%q: tag %q is none of the %d known ones", word, s.Tags[i], len(tags))
			}
			e.Index = append(e.Index, v.Class(word))
			e.Classes = append(e.Classes, int32(class))
		}
		d.Examples = append(d.Examples, e)
	}
	return d, nil
}
