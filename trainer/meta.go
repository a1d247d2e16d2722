package trainer

import (
	"encoding/json"
	"fmt"

	"github.com/sparsec/sparsec/trainer/data"
)

// Keys of the metadata of a model.ckpt that the trainer writes.
const (
	metaTask       = "task"
	metaUnit       = "unit"       // byte, rune or word
	metaVocabulary = "vocabulary" // data.Vocabulary.MarshalText
	metaLabels     = "labels"     // JSON array, in the order of the outputs
	metaScale      = "scale"      // JSON of scales, of frames that were not raw
	metaSound      = "sound"      // JSON of SoundFeatures, of recordings
	metaScore      = "score"      // JSON of Score: the best validation
	metaConfig     = "config"     // JSON of Config, without the place of the data
)

// scales are those of the columns of frames.
type scales struct {
	Input  data.Scale `json:"input"`
	Target data.Scale `json:"target"`
}

// Meta describes what a network over the corpus reads and answers, for the
// metadata of its model.ckpt. [ReadMeta] reads it.
func (c *Corpus) Meta() (map[string]string, error) {
	meta := map[string]string{metaTask: string(c.Task)}
	if c.Vocabulary != nil {
		text, err := c.Vocabulary.MarshalText()
		if err != nil {
			return nil, err
		}
		meta[metaVocabulary], meta[metaUnit] = string(text), c.Unit.String()
		if c.Task == Tag {
			meta[metaUnit] = "word"
		}
	}
	if c.Labels != nil {
		text, err := json.Marshal(c.Labels)
		if err != nil {
			return nil, err
		}
		meta[metaLabels] = string(text)
	}
	if c.InputScale != nil {
		text, err := json.Marshal(scales{*c.InputScale, *c.TargetScale})
		if err != nil {
			return nil, err
		}
		meta[metaScale] = string(text)
	}
	if c.Task == CTC {
		text, err := json.Marshal(c.Sound)
		if err != nil {
			return nil, err
		}
		meta[metaSound] = string(text)
	}
	return meta, nil
}

// Meta is what the metadata of a trained model.ckpt says.
type Meta struct {
	Task                    Task
	Vocabulary              *data.Vocabulary // nil for frames
	Unit                    data.Unit        // of text, class and transcripts
	Labels                  []string         // of class and tag
	InputScale, TargetScale *data.Scale      // nil of raw frames, and of other tasks
	Sound                   SoundFeatures    // of recordings
}

// ReadMeta reads the metadata that [Corpus.Meta] made. Metadata of another origin
// is an error.
func ReadMeta(meta map[string]string) (*Meta, error) {
	m := &Meta{Task: Task(meta[metaTask])}
	switch m.Task {
	case Text, Class, Tag, Frames, CTC, Image:
	default:
		return nil, fmt.Errorf("metadata %q is %q, want text, class, tag, frames, ctc or image: not a model that was trained here", metaTask, m.Task)
	}
	if m.Task != Frames && m.Task != Image {
		m.Vocabulary = &data.Vocabulary{}
		if err := m.Vocabulary.UnmarshalText([]byte(meta[metaVocabulary])); err != nil {
			return nil, fmt.Errorf("metadata %q: %w", metaVocabulary, err)
		}
	}
	switch unit := meta[metaUnit]; unit {
	case "byte", "word", "":
	case "rune":
		m.Unit = data.Rune
	default:
		return nil, fmt.Errorf("metadata %q is %q, want byte, rune or word", metaUnit, unit)
	}
	if text, ok := meta[metaLabels]; ok {
		if err := json.Unmarshal([]byte(text), &m.Labels); err != nil {
			return nil, fmt.Errorf("metadata %q: %w", metaLabels, err)
		}
	}
	if text, ok := meta[metaScale]; ok {
		var s scales
		if err := json.Unmarshal([]byte(text), &s); err != nil {
			return nil, fmt.Errorf("metadata %q: %w", metaScale, err)
		}
		m.InputScale, m.TargetScale = &s.Input, &s.Target
	}
	if text, ok := meta[metaSound]; ok {
		if err := json.Unmarshal([]byte(text), &m.Sound); err != nil {
			return nil, fmt.Errorf("metadata %q: %w", metaSound, err)
		}
	}
	return m, nil
}

// ByteText is how a model reads text that takes the numbers of its bytes for indices.
// A zero is the unknown unit.
func ByteText() (*Meta, error) {
	units := make([]string, 255)
	for i := range units {
		units[i] = string([]byte{byte(i + 1)})
	}
	v, err := data.NewVocabulary(units)
	return &Meta{Task: Text, Vocabulary: v, Unit: data.Byte}, err
}

// Encode returns the classes of the units of text.
func (m *Meta) Encode(text string) []int32 { return m.Unit.Encode(m.Vocabulary, text) }

// Decode returns the text of classes. Unknown units and classes are written as
// the replacement character U+FFFD.
func (m *Meta) Decode(classes ...int32) string {
	var text []byte
	for _, class := range classes {
		unit := m.Vocabulary.Unit(class)
		if unit == data.Unknown {
			unit = "\uFFFD"
		}
		text = append(text, unit...)
	}
	return string(text)
}
