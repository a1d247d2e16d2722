package trainer

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/sparsec/sparsec/ir/sparse"
	"github.com/sparsec/sparsec/trainer/prune"
)

// Validate lists every fault of c after its defaults have been filled in, each
// with the field's name in JSON and what was wanted. What hangs on the data is
// checked by [New].
func (c Config) Validate() error {
	c = c.WithDefaults()
	f := &faults{}
	c.Data.validate(f)
	c.Model.validate(f)
	c.Optimizer.validate(f)
	c.Pruning.validate(f)
	f.atLeast("streams", c.Streams, 1)
	f.atLeast("segment", c.Segment, 1)
	f.atLeast("epochs", c.Epochs, 0)
	f.atLeast("steps", c.Steps, 0)
	if c.Epochs > 0 && c.Steps > 0 {
		f.add("epochs", "%d beside %d steps, want one of the two", c.Epochs, c.Steps)
	}
	f.atLeast("validate_every", c.ValidateEvery, 0)
	f.atLeast("checkpoint_every", c.CheckpointEvery, 0)
	f.atLeast("patience", c.Patience, 0)
	f.atLeast("workers", c.Workers, 1)
	c.validateDirection(f)
	c.validateWindows(f)
	return f.err()
}

// validateDirection refuses a reverse layer that would read its own answer, or
// nothing but the last frame.
func (c Config) validateDirection(f *faults) {
	if !c.Model.Bidirectional {
		return
	}
	switch {
	case c.Data.Task == Text, c.Data.Task == Frames && c.Data.forecast():
		f.add("model.bidirectional", "a reverse layer reads what is to be foretold: want a task of tags, or frames with targets")
	case c.Data.Task == Class, c.Data.Task == Image:
		f.add("model.bidirectional", "the last step of a reverse layer has seen one frame only: want a task of tags, or frames with targets")
	}
}

// validateWindows refuses layers over several frames where these are not all there:
// other sequences are cut into segments.
func (c Config) validateWindows(f *faults) {
	if c.Data.Task != CTC && (c.Model.MaskFrames > 0 || c.Model.MaskFeatures > 0) {
		f.add("model.mask_frames", "or mask_features for a task of %s, want them for ctc only", c.Data.Task)
	}
	if c.Data.Task != CTC && (len(c.Model.Conv) > 0 || c.Model.RowConv > 0) {
		f.add("model.conv", "or a row_conv for a task of %s, want them for ctc only", c.Data.Task)
	}
	if c.Model.Bidirectional && c.Model.RowConv > 0 {
		f.add("model.row_conv", "%d of a model that reads all frames ahead, want it without bidirectional", c.Model.RowConv)
	}
}

func (c DataConfig) validate(f *faults) {
	f.oneOf("data.task", string(c.Task), string(Text), string(Class), string(Tag), string(Frames), string(CTC), string(Image))
	switch {
	case c.GoRoot == "" && len(c.Paths) == 0:
		f.add("data.paths", "none, want a file or a go_root")
	case c.GoRoot != "" && len(c.Paths) > 0:
		f.add("data.paths", "beside a go_root, want one of the two")
	case c.GoRoot != "" && c.Task != Text:
		f.add("data.go_root", "is text, which a task of %s does not read", c.Task)
	}
	if (len(c.ValidPaths) > 0 || len(c.TestPaths) > 0) && c.Task != Class && c.Task != Tag {
		f.add("data.test_paths", "or valid_paths of a task of %s, want them for class and tag only", c.Task)
	}
	f.atLeast("data.limit", c.Limit, 0)
	if c.Limit > 0 && c.Task != Text && c.Task != Image {
		f.add("data.limit", "%d of a task of %s, want it for text or images only", c.Limit, c.Task)
	}
	if !(c.Train > 0 && c.Valid > 0 && c.Train+c.Valid <= 1+1e-9) {
		f.add("data.train", "%v with %v for validation, want both above 0 and at most 1 together", c.Train, c.Valid)
	}
	if c.Vocabulary < 0 || c.Vocabulary == 1 {
		f.add("data.vocabulary", "%d classes, want at least 2", c.Vocabulary)
	}
	if c.Task != Frames && (len(c.Inputs) > 0 || len(c.Targets) > 0 || c.Horizon != 0) {
		f.add("data.targets", "columns or a horizon of a task of %s, want them for frames only", c.Task)
	}
	if c.Task != CTC && (c.Transcript != "" || c.Stack != 0 || c.Bands != 0) {
		f.add("data.stack", "or bands or a column of transcripts of a task of %s, want them for ctc only", c.Task)
	}
	f.atLeast("data.stack", c.Stack, 0)
	f.atLeast("data.bands", c.Bands, 0)
	f.atLeast("data.horizon", c.Horizon, 0)
	if len(c.Targets) > 0 && c.Horizon != 0 {
		f.add("data.horizon", "%d beside targets, want one of the two", c.Horizon)
	}
}

func (c ModelConfig) validate(f *faults) {
	f.oneOf("model.cell", string(c.Cell), string(RNN), string(GRU), string(LSTM))
	for i, h := range c.Hidden {
		f.atLeast(fmt.Sprintf("model.hidden[%d]", i), h, 1)
	}
	f.atLeast("model.embed", c.Embed, 1)
	switch c.Cell {
	case RNN:
		f.oneOf("model.func", c.Func, "tanh", "relu", "clipped-relu")
	case GRU:
		f.oneOf("model.func", c.Func, "tanh", "relu")
	case LSTM:
		f.oneOf("model.func", c.Func, "tanh")
	}
	if c.Func == "clipped-relu" {
		f.positive("model.clip", c.Clip)
	} else if c.Clip != 0 {
		f.add("model.clip", "%v with %s, want it with clipped-relu only", c.Clip, c.Func)
	}
	f.oneOf("model.reset", c.Reset, "after", "before")
	f.fraction("model.dropout", c.Dropout, 0, 0.99)
	if c.Norm != "" {
		f.oneOf("model.norm", c.Norm, "layer", "batch")
	}
	for i, channels := range c.Conv {
		f.atLeast(fmt.Sprintf("model.conv[%d]", i), channels, 1)
	}
	if len(c.Conv) == 0 && c.ConvFrames != 0 {
		f.add("model.conv_frames", "%d without channels of a convolution", c.ConvFrames)
	}
	f.atLeast("model.conv_frames", c.ConvFrames, 0)
	f.atLeast("model.row_conv", c.RowConv, 0)
	f.atLeast("model.mask_frames", c.MaskFrames, 0)
	f.atLeast("model.mask_features", c.MaskFeatures, 0)
	if c.Delay && c.RowConv == 0 {
		f.add("model.delay", "without row_conv, whose frames it counts")
	}
}

func (c OptimizerConfig) validate(f *faults) {
	f.oneOf("optimizer.kind", c.Kind, "adam", "nesterov", "sgd")
	f.positive("optimizer.rate", c.Rate)
	f.oneOf("optimizer.schedule", c.Schedule, "constant", "linear", "cosine", "stepped", "exponential")
	f.fraction("optimizer.floor", c.Floor, 0, 1)
	f.positive("optimizer.factor", c.Factor)
	f.atLeast("optimizer.every", c.Every, 0)
	f.atLeast("optimizer.from", c.From, 0)
	f.atLeast("optimizer.warmup", c.Warmup, 0)
	if c.Momentum != 0 && c.Kind != "nesterov" {
		f.add("optimizer.momentum", "%v of %s, want it for nesterov only", c.Momentum, c.Kind)
	}
	f.fraction("optimizer.momentum", c.Momentum, 0, 0.9999)
	if !(c.Decay >= 0) || math.IsInf(c.Decay, 0) {
		f.add("optimizer.decay", "%v, want 0 or more", c.Decay)
	}
	if math.IsNaN(c.ClipNorm) || math.IsInf(c.ClipNorm, 0) {
		f.add("optimizer.clip_norm", "%v, want a number", c.ClipNorm)
	}
}

func (c PruningConfig) validate(f *faults) {
	f.oneOf("pruning.schedule", c.Schedule, "none", "ramp", "cubic", "oneshot", "rigl", "frozen")
	if err := c.Pattern.Validate(); err != nil {
		f.add("pruning.pattern", "%v", err)
	}
	switch {
	case c.toDensity() && !(c.Density > 0 && c.Density <= 1):
		f.add("pruning.density", "%v, want above 0 and up to 1", c.Density)
	case !c.toDensity() && c.Density != 0:
		f.add("pruning.density", "%v with schedule %s, want it with cubic, oneshot or rigl only", c.Density, c.Schedule)
	}
	if c.Schedule == "none" {
		if len(c.Rules) > 0 || c.Pattern != (sparse.Pattern{}) || c.Diagonal || c.Lasso != 0 {
			f.add("pruning.schedule", "none with a pattern, rules, a diagonal or a lasso, want ramp, cubic, oneshot, rigl or frozen")
		}
		return
	}
	c.validateMethods(f)
	for i, r := range c.Rules {
		if _, err := prune.ParseRule(r); err != nil {
			f.add(fmt.Sprintf("pruning.rules[%d]", i), "%v", err)
		}
	}
	if c.Begin < 0 && !math.IsInf(c.Begin, 0) {
		c.Begin = 0 // the first step
	}
	f.fraction("pruning.begin", c.Begin, 0, 1)
	f.fraction("pruning.bend", c.Bend, 0, 1)
	f.fraction("pruning.end", c.End, 0, 1)
	f.atLeast("pruning.freq", c.Freq, 0)
	if c.Schedule == "ramp" && !(c.Begin < c.Bend && c.Bend <= c.End) || (c.Schedule == "cubic" || c.Schedule == "rigl") && !(c.Begin < c.End) {
		f.add("pruning.begin", "%v, bend %v and end %v, want them in this order", c.Begin, c.Bend, c.End)
	}
	if c.Schedule != "ramp" && (c.Q != 0 || len(c.QOf) > 0 || c.Bend != 0) {
		f.add("pruning.q", "or a bend with schedule %s, want them with ramp only", c.Schedule)
	}
	if c.Q != 0 {
		f.positive("pruning.q", c.Q)
	}
	for _, name := range slices.Sorted(maps.Keys(c.QOf)) {
		f.positive("pruning.q_of["+name+"]", c.QOf[name])
	}
}

// validateMethods checks what belongs to some schedules or patterns only.
func (c PruningConfig) validateMethods(f *faults) {
	f.fraction("pruning.renew", c.Renew, 0, 0.99)
	if c.Renew != 0 && c.Schedule != "rigl" {
		f.add("pruning.renew", "%v with schedule %s, want it with rigl only", c.Renew, c.Schedule)
	}
	f.atLeast("pruning.at_epoch", c.AtEpoch, 0)
	if c.AtEpoch > 0 && (c.Schedule != "oneshot" || c.End != 0) {
		f.add("pruning.at_epoch", "%d with schedule %s and end %v, want it with oneshot only and without an end", c.AtEpoch, c.Schedule, c.End)
	}
	if !(c.Lasso >= 0) || math.IsInf(c.Lasso, 0) {
		f.add("pruning.lasso", "%v, want 0 or more", c.Lasso)
	}
	if c.Lasso > 0 && (c.Pattern.Kind != sparse.KindBlock || c.Schedule == "frozen") {
		f.add("pruning.lasso", "%v with pattern %v and schedule %s, want it while blocks are pruned", c.Lasso, c.Pattern, c.Schedule)
	}
}

// faults collects what is wrong with a configuration.
type faults struct{ all []error }

func (f *faults) add(field, format string, args ...any) {
	f.all = append(f.all, fmt.Errorf("%s: %s", field, fmt.Sprintf(format, args...)))
}

func (f *faults) atLeast(field string, v, least int) {
	if v < least {
		f.add(field, "%d, want at least %d", v, least)
	}
}

func (f *faults) positive(field string, v float64) {
	if !(v > 0) || math.IsInf(v, 0) {
		f.add(field, "%v, want more than 0", v)
	}
}

func (f *faults) fraction(field string, v, least, most float64) {
	if !(v >= least && v <= most) {
		f.add(field, "%v, want %v to %v", v, least, most)
	}
}

func (f *faults) oneOf(field, v string, words ...string) {
	if !slices.Contains(words, v) {
		f.add(field, "%q, want one of %s", v, strings.Join(words, ", "))
	}
}

func (f *faults) err() error {
	if len(f.all) == 0 {
		return nil
	}
	return fmt.Errorf("configuration: %w", errors.Join(f.all...))
}
