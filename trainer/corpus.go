package trainer

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/sparsec/sparsec/trainer/data"
	"github.com/sparsec/sparsec/trainer/nn"
)

// Corpus is data that has been read, divided and encoded.
type Corpus struct {
	Task       Task
	Vocabulary *data.Vocabulary // of the inputs, or of transcripts, class 0 then being the blank; nil for frames and images
	Unit       data.Unit        // of text, class and transcripts
	Labels     []string         // of class and tag, in the order of the outputs
	Input      nn.InputKind
	Outputs    int

	// Scales of the input and target columns of frames; nil where they are raw.
	InputScale, TargetScale *data.Scale
	// FeatureScale is that of recordings, which a layer of the network applies; nil
	// where they are raw.
	FeatureScale *data.Scale
	Sound        SoundFeatures // of recordings
	// Period is the time from one frame of the network to the next, of recordings:
	// that of features times those that are stacked.
	Period data.Period

	like   *Meta  // whose vocabulary, labels and scales these are; nil for those of the data
	digest string // sha256 of all that was read
	parts  [parts]content
}

// SoundFeatures says what a frame of a model of recordings is: Stack frames of
// features, one behind the other, which are those of data.LogMel where Bands is not
// 0.
type SoundFeatures struct {
	Rate  int `json:"rate"` // samples a second
	Bands int `json:"bands"`
	Stack int `json:"stack"`
}

// String says it in words.
func (s SoundFeatures) String() string {
	what := "features that were computed before"
	if s.Bands != 0 {
		what = fmt.Sprintf("%d log-mel bands of sound of %d samples a second", s.Bands, s.Rate)
	}
	return fmt.Sprintf("%s, in stacks of %d", what, s.Stack)
}

// Part is a part of a corpus.
type Part int

const (
	Train Part = iota
	Valid
	Test
	parts = iota
)

// String is "train", "valid" or "test".
func (p Part) String() string { return [parts]string{"train", "valid", "test"}[p] }

// content is one part of a corpus: a text, a series, or sequences.
type content struct {
	tokens        []int32          // a text
	input, target *data.Series     // one long series
	set           *data.Dataset    // whole sequences
	utterances    []data.Utterance // those of set, where they are recordings
}

// Len is the number of characters, sequences or frames of a part.
func (c *Corpus) Len(p Part) int {
	part := c.parts[p]
	switch {
	case part.set != nil:
		return len(part.set.Examples)
	case part.input != nil:
		return part.input.Len()
	}
	return len(part.tokens)
}

// reading says how a part is turned into batches.
type reading struct {
	streams, segment int
	shuffle          bool
	seed             uint64
}

// source yields the batches of a part. Of a short part there are fewer streams.
func (c *Corpus) source(p Part, r reading) (data.Source, error) {
	part := c.parts[p]
	var s data.Source
	var err error
	switch {
	case part.set != nil:
		pool := 1
		if r.shuffle {
			pool = sortedBatches
		}
		s, err = data.NewSequences(part.set, data.SequencesConfig{Streams: r.streams, Shuffle: r.shuffle, Seed: r.seed, Pool: pool})
	case part.input != nil:
		s, err = data.NewFrames(part.input, part.target, min(r.streams, max(part.input.Len(), 1)), r.segment)
	default:
		s, err = data.NewText(part.tokens, min(r.streams, max(len(part.tokens)-1, 1)), r.segment)
	}
	if err != nil {
		return nil, fmt.Errorf("data: %s part: %w", p, err)
	}
	return s, nil
}

// sortedBatches is the number of batches whose sequences are sorted by length.
const sortedBatches = 20

// LoadCorpus reads, divides and encodes what c names. Sequences are shuffled by
// seed before they are divided; text and a single series are divided in order, and
// recordings by speaker.
func LoadCorpus(c DataConfig, seed uint64) (*Corpus, error) { return LoadCorpusFor(c, seed, nil) }

// LoadCorpusFor is [LoadCorpus] for a model that has been trained before: units and
// labels have the classes that they have in its metadata, and frames its scales. What
// the model does not know is read as the unknown unit; a label that it does not know
// is an error.
func LoadCorpusFor(c DataConfig, seed uint64, like *Meta) (*Corpus, error) {
	c = c.withDefaults()
	f := &faults{}
	c.validate(f)
	if err := f.err(); err != nil {
		return nil, err
	}
	corpus := &Corpus{Task: c.Task, Unit: c.unit(), like: like}
	if like != nil && like.Task != c.Task {
		return nil, fmt.Errorf("data: task %s, want %s of the model", c.Task, like.Task)
	}
	if like != nil {
		corpus.Unit = like.Unit
	}
	hash := sha256.New()
	var err error
	switch c.Task {
	case Text:
		err = corpus.loadText(c, hash)
	case Class:
		err = corpus.loadClass(c, seed, hash)
	case Tag:
		err = corpus.loadTags(c, seed, hash)
	case Frames:
		err = corpus.loadFrames(c, seed, hash)
	case CTC:
		err = corpus.loadSpeech(c, hash)
	case Image:
		err = corpus.loadImages(c, seed, hash)
	}
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	corpus.digest = hex.EncodeToString(hash.Sum(nil))
	if err := corpus.checkParts(c); err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	return corpus, nil
}

// vocabulary is that of the model, or that of the counted units.
func (c *Corpus) vocabulary(counts map[string]int, limit int) (err error) {
	if c.like != nil {
		c.Vocabulary = c.like.Vocabulary
		return nil
	}
	c.Vocabulary, err = data.BuildVocabulary(counts, limit)
	return err
}

// labels are those of the model, or those found.
func (c *Corpus) labels(found []string) {
	c.Labels = found
	if c.like != nil {
		c.Labels = c.like.Labels
	}
}

func (c *Corpus) loadText(cfg DataConfig, hash io.Writer) error {
	text, err := readText(cfg, hash)
	if err != nil {
		return err
	}
	train, valid, test, err := cfg.split().Text(text)
	if err != nil {
		return err
	}
	if err := c.vocabulary(c.Unit.Count(train), cfg.Vocabulary); err != nil {
		return err
	}
	for p, text := range []string{train, valid, test} {
		c.parts[p].tokens = c.Unit.Encode(c.Vocabulary, text)
	}
	c.Input, c.Outputs = nn.InputKind{Bound: c.Vocabulary.Size()}, c.Vocabulary.Size()
	return nil
}

func (c *Corpus) loadClass(cfg DataConfig, seed uint64, hash io.Writer) error {
	split, err := divided(cfg, seed, hash, data.ReadLabelled)
	if err != nil {
		return err
	}
	var texts []string
	for _, item := range split[Train] {
		texts = append(texts, item.Text)
	}
	if err := c.vocabulary(c.Unit.Count(texts...), cfg.Vocabulary); err != nil {
		return err
	}
	c.labels(data.LabelsOf(all(split)))
	for p, items := range split {
		if c.parts[p].set, err = data.LabelledDataset(items, c.Unit, c.Vocabulary, c.Labels); err != nil {
			return err
		}
	}
	c.Input, c.Outputs = nn.InputKind{Bound: c.Vocabulary.Size()}, len(c.Labels)
	return nil
}

func (c *Corpus) loadTags(cfg DataConfig, seed uint64, hash io.Writer) error {
	split, err := divided(cfg, seed, hash, data.ReadTagged)
	if err != nil {
		return err
	}
	if err := c.vocabulary(data.WordsOf(split[Train]), cfg.Vocabulary); err != nil {
		return err
	}
	c.labels(data.TagsOf(all(split)))
	for p, sentences := range split {
		if c.parts[p].set, err = data.TaggedDataset(sentences, c.Vocabulary, c.Labels); err != nil {
			return err
		}
	}
	c.Input, c.Outputs = nn.InputKind{Bound: c.Vocabulary.Size()}, len(c.Labels)
	return nil
}
