package trainer

import (
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/sparsec/sparsec/trainer/data"
	"github.com/sparsec/sparsec/trainer/nn"
)

// Blank is the class of a speech model's outputs that stands for no character.
const Blank = 0

// loadSpeech reads recordings. Features stay as they are: what standardises them
// is a layer of the network, so that a model reads what the files hold.
func (c *Corpus) loadSpeech(cfg DataConfig, hash io.Writer) error {
	var files []data.File
	for _, path := range cfg.Paths {
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		hash.Write(content)
		files = append(files, data.File{Path: path, Content: content})
	}
	speech, err := data.ReadSpeech(files, data.SpeechConfig{Transcript: cfg.Transcript, Bands: cfg.Bands})
	if err != nil {
		return err
	}
	c.Sound = SoundFeatures{Rate: speech.Rate, Bands: speech.Bands, Stack: max(cfg.Stack, 1)}
	c.Period = speech.Period
	c.Period.Time *= time.Duration(c.Sound.Stack)
	utterances := speech.Utterances
	for i, u := range utterances {
		utterances[i].Features = u.Features.Stack(cfg.Stack)
	}
	if err = c.vocabulary(data.CountUnits(utterances, c.Unit), 0); err != nil {
		return err
	}
	c.Outputs = c.Vocabulary.Size()
	return c.takeSpeech(cfg, utterances)
}

// takeSpeech divides the recordings and measures the training part.
func (c *Corpus) takeSpeech(cfg DataConfig, utterances []data.Utterance) (err error) {
	var split [parts][]data.Utterance
	split[Train], split[Valid], split[Test] = data.SplitSpeech(utterances, cfg.split())
	for p, part := range split {
		if c.parts[p].set, err = data.SpeechDataset(part, c.Unit, c.Vocabulary); err != nil {
			return err
		}
		c.parts[p].utterances = part
	}
	if len(split[Train]) == 0 {
		return fmt.Errorf("%s: no recording in the train part", cfg.origin())
	}
	c.Input = nn.InputKind{Width: c.parts[Train].set.Width}
	if cfg.Raw {
		return nil
	}
	var series []*data.Series
	for _, u := range split[Train] {
		series = append(series, u.Features)
	}
	scale := data.ScaleOf(series...)
	c.FeatureScale = &scale
	return nil
}

// MedianFrames is how many frames the network reads of a recording of a part whose
// length is the median, the longer one of two; 0 of no recordings.
func (c *Corpus) MedianFrames(p Part) int {
	var lengths []int
	for _, u := range c.parts[p].utterances {
		lengths = append(lengths, u.Features.Len())
	}
	if len(lengths) == 0 {
		return 0
	}
	slices.Sort(lengths)
	return lengths[len(lengths)/2]
}
