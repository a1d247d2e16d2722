package main

import (
	"flag"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/sparsec/sparsec/ir/sparse"
	"github.com/sparsec/sparsec/trainer"
)

// trainFlags collects what the command line sets of a configuration. The
// settings are parsed at once and applied later, on top of that of -config.
type trainFlags struct {
	fs           *flag.FlagSet
	set          []func(*trainer.Config)
	paths, rules textList
	valid, test  textList // files of those parts
}

// apply puts the settings into a configuration, in the order of the command line.
func (t *trainFlags) apply(c *trainer.Config) {
	for _, set := range t.set {
		set(c)
	}
	if len(t.paths) > 0 {
		c.Data.Paths = t.paths
	}
	if len(t.valid) > 0 {
		c.Data.ValidPaths = t.valid
	}
	if len(t.test) > 0 {
		c.Data.TestPaths = t.test
	}
	if len(t.rules) > 0 {
		c.Pruning.Rules = t.rules
	}
}

// option declares a flag that sets a field.
func option[T any](t *trainFlags, name, usage string, parse func(string) (T, error), field func(*trainer.Config) *T) {
	t.fs.Func(name, usage, func(text string) error {
		v, err := parse(text)
		if err == nil {
			t.set = append(t.set, func(c *trainer.Config) { *field(c) = v })
		}
		return err
	})
}

// toggle declares a flag without a value that sets a field.
func toggle(t *trainFlags, name, usage string, field func(*trainer.Config) *bool) {
	t.fs.BoolFunc(name, usage, func(text string) error {
		v, err := strconv.ParseBool(text)
		if err == nil {
			t.set = append(t.set, func(c *trainer.Config) { *field(c) = v })
		}
		return err
	})
}

func (t *trainFlags) define() {
	t.data()
	t.model()
	t.learning()
	t.pruning()
	t.course()
}

func (t *trainFlags) data() {
	option(t, "task", "what is learnt: `text` (the next character), class (of lines label, tab, text), tag (of lines word, tab, tag), frames (columns of numbers), ctc (transcripts of recordings) or image (of IDX files, read row by row) (default text)",
		parseTask, func(c *trainer.Config) *trainer.Task { return &c.Data.Task })
	t.fs.Var(&t.paths, "data", "`file or folder` to learn from, a folder with all files below it; may be repeated (default, of text: the sources of Go's standard library; of images: MNIST, from a Go module)")
	t.fs.Var(&t.valid, "valid-data", "`file or folder` of the validation part, of tags and classes; may be repeated (default: a share of -data)")
	t.fs.Var(&t.test, "test-data", "`file or folder` of the test part, of tags and classes; may be repeated (default: a share of -data)")
	option(t, "limit", "`bytes` of text, or images of each file, to use; 0 for all", wholeNumber, func(c *trainer.Config) *int { return &c.Data.Limit })
	t.fs.Func("split", "`shares` for training and validation, the rest is for the test (default 0.8,0.1)", func(text string) error {
		shares, err := list(text, number)
		if err != nil || len(shares) != 2 || shares[0] == 0 {
			return fmt.Errorf("%q: want two shares, as in 0.8,0.1", text)
		}
		t.set = append(t.set, func(c *trainer.Config) { c.Data.Train, c.Data.Valid = shares[0], shares[1] })
		return nil
	})
	toggle(t, "bytes", "cut text into bytes, not characters", func(c *trainer.Config) *bool { return &c.Data.Bytes })
	option(t, "vocabulary", "most `classes` of characters or words (default 256 of text)", wholeNumber, func(c *trainer.Config) *int { return &c.Data.Vocabulary })
	option(t, "inputs", "`columns` of frames to read, counted from 0 (default: all but the targets)", wholeNumbers, func(c *trainer.Config) *[]int { return &c.Data.Inputs })
	option(t, "targets", "`columns` of frames to answer with (default: forecast the inputs)", wholeNumbers, func(c *trainer.Config) *[]int { return &c.Data.Targets })
	option(t, "horizon", "`steps` to forecast frames ahead (default 1)", wholeNumber, func(c *trainer.Config) *int { return &c.Data.Horizon })
	option(t, "transcript", "`column` of the index of recordings with what was said (default transcript)", word, func(c *trainer.Config) *string { return &c.Data.Transcript })
	option(t, "stack", "`frames` of recordings joined to one, for as many times fewer steps (default 1)", wholeNumber, func(c *trainer.Config) *int { return &c.Data.Stack })
	option(t, "bands", "`bands` of the logarithmic mel spectrum that sound is turned into (default 40)", wholeNumber, func(c *trainer.Config) *int { return &c.Data.Bands })
	toggle(t, "raw", "do not bring columns of frames, or features of recordings, to mean 0 and deviation 1", func(c *trainer.Config) *bool { return &c.Data.Raw })
}

func (t *trainFlags) model() {
	option(t, "cell", "`kind` of recurrent layers: gru, lstm or rnn (default gru)", parseCell, func(c *trainer.Config) *trainer.Cell { return &c.Model.Cell })
	option(t, "hidden", "`units` of each recurrent layer, as in 256 or 256,128 (default 256)", wholeNumbers, func(c *trainer.Config) *[]int { return &c.Model.Hidden })
	option(t, "embed", "`width` of the embedding (default 64)", notZero(wholeNumber), func(c *trainer.Config) *int { return &c.Model.Embed })
	option(t, "func", "`function` of a cell: tanh, relu (rnn, gru) or clipped-relu (rnn) (default tanh)", word, func(c *trainer.Config) *string { return &c.Model.Func })
	option(t, "clip", "`bound` of clipped-relu (default 20)", number, func(c *trainer.Config) *float64 { return &c.Model.Clip })
	option(t, "reset", "where a GRU resets: `after` the product, as PyTorch does, or before (default after)", word, func(c *trainer.Config) *string { return &c.Model.Reset })
	option(t, "dropout", "`share` of values dropped between layers (default 0)", number, func(c *trainer.Config) *float64 { return &c.Model.Dropout })
	option(t, "norm", "what normalises the answers of recurrent layers: `layer`, batch, or nothing (default nothing)", word, func(c *trainer.Config) *string { return &c.Model.Norm })
	option(t, "conv", "`channels` of convolutions over the frames of recordings, as in 64 or 64,64", wholeNumbers, func(c *trainer.Config) *[]int { return &c.Model.Conv })
	option(t, "conv-frames", "`frames` of a convolution (default 5)", wholeNumber, func(c *trainer.Config) *int { return &c.Model.ConvFrames })
	option(t, "row-conv", "`frames` ahead that a row convolution of a forward model of recordings reads (default 0)", wholeNumber, func(c *trainer.Config) *int { return &c.Model.RowConv })
	toggle(t, "delay", "answer as many frames late as -row-conv says instead of reading ahead, so that the model can be stepped", func(c *trainer.Config) *bool { return &c.Model.Delay })
	option(t, "mask-frames", "`frames` of recordings, joined ones, that are hidden at most in training, twice (default 0)", wholeNumber, func(c *trainer.Config) *int { return &c.Model.MaskFrames })
	option(t, "mask-features", "`features` of recordings that are hidden at most in training, twice (default 0)", wholeNumber, func(c *trainer.Config) *int { return &c.Model.MaskFeatures })
	toggle(t, "bidirectional", "run layers in both directions, for tags, recordings and frames with targets; such a model cannot be compiled to steps", func(c *trainer.Config) *bool { return &c.Model.Bidirectional })
}

func (t *trainFlags) learning() {
	option(t, "optimizer", "`kind`: adam, nesterov or sgd (default adam)", word, func(c *trainer.Config) *string { return &c.Optimizer.Kind })
	option(t, "rate", "highest learning `rate` (default 0.003 of adam, 0.5 of nesterov and sgd)", notZero(number), func(c *trainer.Config) *float64 { return &c.Optimizer.Rate })
	option(t, "schedule", "`course` of the learning rate: constant, linear, cosine, stepped or exponential (default cosine)", word, func(c *trainer.Config) *string { return &c.Optimizer.Schedule })
	option(t, "floor", "last rate of linear and cosine as a `share` of the highest (default 0)", number, func(c *trainer.Config) *float64 { return &c.Optimizer.Floor })
	option(t, "factor", "`factor` of stepped and exponential (default 0.5)", number, func(c *trainer.Config) *float64 { return &c.Optimizer.Factor })
	option(t, "every", "`steps` between two factors of stepped (default a tenth of all)", wholeNumber, func(c *trainer.Config) *int { return &c.Optimizer.Every })
	option(t, "from", "`epoch`, counted from 0, after which exponential begins (default 0)", wholeNumber, func(c *trainer.Config) *int { return &c.Optimizer.From })
	option(t, "warmup", "`steps` of a linear climb to the rate (default 0)", wholeNumber, func(c *trainer.Config) *int { return &c.Optimizer.Warmup })
	option(t, "momentum", "`momentum` of nesterov (default 0.9)", number, func(c *trainer.Config) *float64 { return &c.Optimizer.Momentum })
	option(t, "decay", "`decay` of weights, not of biases (default 0)", number, func(c *trainer.Config) *float64 { return &c.Optimizer.Decay })
	option(t, "clip-norm", "`bound` of the norm of all gradients; below 0 for none (default 1)", notZero(number), func(c *trainer.Config) *float64 { return &c.Optimizer.ClipNorm })
}

func (t *trainFlags) pruning() {
	option(t, "prune", "`schedule` of pruning: none, cubic (to -sparsity), oneshot (to -sparsity, at -end or -at-epoch), rigl (at -sparsity, weights are exchanged), ramp (a rising threshold) or frozen (zeros of the -start model stay) (default none, or cubic with -sparsity)",
		word, func(c *trainer.Config) *string { return &c.Pruning.Schedule })
	option(t, "sparsity", "`share` of weights to prune with cubic, oneshot and rigl; with -prune-from the share of the dense model's weights below the threshold (default 0.9)", parseSparsity, func(c *trainer.Config) *float64 { return &c.Pruning.Density })
	option(t, "pattern", "`pattern` of what is kept: element, blockRxC, laneRxC or slideRxC (default element)", sparse.ParsePattern, func(c *trainer.Config) *sparse.Pattern { return &c.Pruning.Pattern })
	t.fs.Func("rule", "`NAME=VALUE`: another density or pattern for tensors or gates, as in 'gru0.weight_hh[z]=0.2'; may be repeated (see sparsec prune -h)", func(text string) error {
		if _, err := parseRules([]string{text}); err != nil {
			return err
		}
		return t.rules.Set(text)
	})
	option(t, "begin", "`share` of all steps after which pruning begins; 0 is the first step (default: one epoch, or 0.05)", beginning, func(c *trainer.Config) *float64 { return &c.Pruning.Begin })
	option(t, "bend", "`share` of all steps after which the ramp is steeper (default 0.25)", number, func(c *trainer.Config) *float64 { return &c.Pruning.Bend })
	option(t, "end", "`share` of all steps after which masks stay (default 0.5, of rigl 0.75)", notZero(number), func(c *trainer.Config) *float64 { return &c.Pruning.End })
	option(t, "at-epoch", "`epochs` after which oneshot prunes, in place of -end", wholeNumber, func(c *trainer.Config) *int { return &c.Pruning.AtEpoch })
	toggle(t, "diagonal", "keep, of recurrent matrices, the weights of units to themselves", func(c *trainer.Config) *bool { return &c.Pruning.Diagonal })
	option(t, "lasso", "`strength` of a group lasso on blocks while they are pruned (default 0)", number, func(c *trainer.Config) *float64 { return &c.Pruning.Lasso })
	option(t, "renew", "`share` of the weights that rigl exchanges at first (default 0.3)", notZero(number), func(c *trainer.Config) *float64 { return &c.Pruning.Renew })
	option(t, "freq", "`steps` between two masks (default 100 or less)", wholeNumber, func(c *trainer.Config) *int { return &c.Pruning.Freq })
	option(t, "q", "`magnitude` that the ramp reaches: the 90th percentile of a trained layer's (default: guessed by its width)", number, func(c *trainer.Config) *float64 { return &c.Pruning.Q })
}

func (t *trainFlags) course() {
	option(t, "streams", "`sequences` side by side in a batch (default 32)", wholeNumber, func(c *trainer.Config) *int { return &c.Streams })
	option(t, "segment", "`steps` of backpropagation through time (default 64)", wholeNumber, func(c *trainer.Config) *int { return &c.Segment })
	option(t, "epochs", "`times` through the data (default 10)", wholeNumber, func(c *trainer.Config) *int { return &c.Epochs })
	option(t, "steps", "optimiser `steps`, in place of -epochs", wholeNumber, func(c *trainer.Config) *int { return &c.Steps })
	option(t, "validate", "`steps` between two validations (default an epoch)", wholeNumber, func(c *trainer.Config) *int { return &c.ValidateEvery })
	option(t, "valid-limit", "`targets` that a validation scores; below 0 all of the part (default 262144)", notZero(wholeNumber), func(c *trainer.Config) *int { return &c.ValidLimit })
	option(t, "test-limit", "`targets` that the test at the end scores; below 0 all of the part (default 1048576)", notZero(wholeNumber), func(c *trainer.Config) *int { return &c.TestLimit })
	option(t, "checkpoint", "`steps` between two checkpoints (default as -validate)", wholeNumber, func(c *trainer.Config) *int { return &c.CheckpointEvery })
	option(t, "patience", "`validations` without a better one that end training; 0 for no such end (default 0)", wholeNumber, func(c *trainer.Config) *int { return &c.Patience })
	toggle(t, "dense-products", "multiply by pruned weights too, as products of less than a fifth of the weights do not: slower, and the same but for rounding", func(c *trainer.Config) *bool { return &c.DenseProducts })
	option(t, "workers", "`goroutines` that share a batch (default one a processor); another number rounds differently", wholeNumber, func(c *trainer.Config) *int { return &c.Workers })
	option(t, "seed", "`seed` of everything random (default 0)", seedNumber, func(c *trainer.Config) *uint64 { return &c.Seed })
}

func word(text string) (string, error) { return text, nil }

func parseTask(text string) (trainer.Task, error) { return trainer.Task(text), nil }

func parseCell(text string) (trainer.Cell, error) { return trainer.Cell(text), nil }

func wholeNumber(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("want a whole number")
	}
	return n, nil
}

// notZero refuses a 0 that would be a sensible wish, but stands for a default in a
// configuration. Elsewhere it takes back what -config says.
func notZero[T int | float64](parse func(string) (T, error)) func(string) (T, error) {
	return func(text string) (T, error) {
		v, err := parse(text)
		if err == nil && v == 0 {
			err = fmt.Errorf("want another number than 0; leave the flag out for its default")
		}
		return v, err
	}
}

// beginning is a share, of which 0 is the first step. A configuration says that
// with a number below 0.
func beginning(text string) (float64, error) {
	v, err := number(text)
	switch {
	case err != nil:
		return 0, err
	case v < 0 || v >= 1:
		return 0, fmt.Errorf("want a share from 0 to less than 1")
	case v == 0:
		return -1, nil
	}
	return v, nil
}

func seedNumber(text string) (uint64, error) {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("want a whole number of at least 0")
	}
	return n, nil
}

func number(text string) (float64, error) {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("want a number")
	}
	return v, nil
}

// parseSparsity returns the density, without the digits that the subtraction
// leaves.
func parseSparsity(text string) (float64, error) {
	v, err := number(text)
	if err != nil || v < 0 || v >= 1 {
		return 0, fmt.Errorf("want a share from 0 to less than 1")
	}
	return math.Round((1-v)*1e12) / 1e12, nil
}

func wholeNumbers(text string) ([]int, error) { return list(text, wholeNumber) }

// list parses parts that are divided by commas.
func list[T any](text string, parse func(string) (T, error)) ([]T, error) {
	var all []T
	for part := range strings.SplitSeq(text, ",") {
		v, err := parse(strings.TrimSpace(part))
		if err != nil {
			return nil, fmt.Errorf("%q: %w", part, err)
		}
		all = append(all, v)
	}
	return all, nil
}
