package trainer

import (
	"fmt"
	"io"
	"slices"

	"github.com/sparsec/sparsec/trainer/data"
	"github.com/sparsec/sparsec/trainer/nn"
)

// pair is a series and what is to be answered at each of its frames.
type pair struct{ input, target *data.Series }

// loadFrames reads series. A single one is divided in order and trained as long
// streams; of several each is a sequence of its own.
func (c *Corpus) loadFrames(cfg DataConfig, seed uint64, hash io.Writer) error {
	series, err := readFiles(cfg.Paths, hash, data.ReadSeries)
	if err != nil {
		return err
	}
	var split [parts][]*data.Series
	if len(series) == 1 {
		split, err = divideSeries(cfg, series[0])
	} else {
		split[Train], split[Valid], split[Test], err = data.Shuffled(cfg.split(), series, seed)
	}
	if err != nil {
		return err
	}
	var pairs [parts][]pair
	for p := range split {
		if pairs[p], err = pairsOf(cfg, split[p]); err != nil {
			return err
		}
	}
	if len(pairs[Train]) == 0 {
		return fmt.Errorf("no series in the train part")
	}
	if !cfg.Raw && (c.like == nil || c.like.InputScale != nil) {
		c.standardise(cfg, pairs)
	}
	c.Input, c.Outputs = nn.InputKind{Width: pairs[Train][0].input.Width}, pairs[Train][0].target.Width
	return c.takePairs(pairs, len(series) == 1)
}

// takePairs makes the pairs the parts of the corpus.
func (c *Corpus) takePairs(pairs [parts][]pair, single bool) error {
	for p := range pairs {
		switch {
		case len(pairs[p]) == 0:
			c.parts[p].set = &data.Dataset{}
		case single:
			c.parts[p].input, c.parts[p].target = pairs[p][0].input, pairs[p][0].target
		default:
			var inputs, targets []*data.Series
			for _, q := range pairs[p] {
				inputs, targets = append(inputs, q.input), append(targets, q.target)
			}
			var err error
			if c.parts[p].set, err = data.FrameDataset(inputs, targets); err != nil {
				return err
			}
		}
	}
	return nil
}

// divideSeries cuts one series at the bounds of the split. A part too short to
// hold a frame with its target is left out.
func divideSeries(cfg DataConfig, s *data.Series) (split [parts][]*data.Series, err error) {
	n := s.Len()
	valid := int(cfg.Train*float64(n) + 0.5)
	test := min(int((cfg.Train+cfg.Valid)*float64(n)+0.5), n)
	for p, bounds := range [parts][2]int{{0, valid}, {valid, test}, {test, n}} {
		if bounds[1]-bounds[0] > cfg.Horizon {
			split[p] = []*data.Series{s.Slice(bounds[0], bounds[1])}
		}
	}
	return split, nil
}

// pairsOf pairs inputs with targets.
func pairsOf(cfg DataConfig, series []*data.Series) ([]pair, error) {
	var pairs []pair
	for _, s := range series {
		inputs, targets := cfg.Inputs, cfg.Targets
		if len(inputs) == 0 {
			for column := range s.Width {
				if !slices.Contains(targets, column) {
					inputs = append(inputs, column)
				}
			}
		}
		input, err := s.Select(inputs...)
		if err != nil {
			return nil, fmt.Errorf("inputs: %w", err)
		}
		p := pair{input: input}
		if cfg.forecast() {
			p.input, p.target, err = input.Forecast(cfg.Horizon)
		} else {
			p.target, err = s.Select(targets...)
		}
		if err != nil {
			return nil, fmt.Errorf("targets: %w", err)
		}
		pairs = append(pairs, p)
	}
	return pairs, nil
}

// standardise scales all pairs by the training part, or as the model's data were. Forecasts have the scale of
// the inputs, which they are.
func (c *Corpus) standardise(cfg DataConfig, pairs [parts][]pair) {
	var inputs, targets []*data.Series
	for _, q := range pairs[Train] {
		inputs, targets = append(inputs, q.input), append(targets, q.target)
	}
	input := data.ScaleOf(inputs...)
	target := input
	if !cfg.forecast() {
		target = data.ScaleOf(targets...)
	}
	if c.like != nil {
		input, target = *c.like.InputScale, *c.like.TargetScale
	}
	c.InputScale, c.TargetScale = &input, &target
	for _, part := range pairs {
		for i, q := range part {
			part[i] = pair{input.Apply(q.input), target.Apply(q.target)}
		}
	}
}
