package trainer

import (
	"fmt"
	"strings"

	"github.com/sparsec/sparsec/ir/sparse"
	"github.com/sparsec/sparsec/trainer/data"
)

// Config says what is trained, on what and how. Fields that are zero take the
// value that their comment names; [Config.WithDefaults] fills them in. It can be
// read from and written to JSON.
type Config struct {
	Data      DataConfig      `json:"data"`
	Model     ModelConfig     `json:"model"`
	Optimizer OptimizerConfig `json:"optimizer"`
	Pruning   PruningConfig   `json:"pruning"`

	Streams int `json:"streams"` // sequences side by side in a batch; 32
	Segment int `json:"segment"` // steps of truncated backpropagation through time; 64. Class and tag sequences are always whole

	Epochs int `json:"epochs"` // 10, unless Steps is set
	Steps  int `json:"steps"`  // optimiser steps; instead of Epochs

	ValidateEvery   int `json:"validate_every"`   // steps between two validations; one epoch. The last step always validates
	CheckpointEvery int `json:"checkpoint_every"` // steps between two checkpoints; as ValidateEvery
	// ValidLimit is the number of targets that a validation scores, rounded up to
	// whole batches; 262,144. They are the same every time and spread over the
	// validation part. Below 0 all of it is scored.
	ValidLimit int `json:"valid_limit"`
	// TestLimit is that of the score on the test part at the end; 1,048,576.
	TestLimit int `json:"test_limit"`
	// Patience is the number of validations without a better one after which a run
	// stops early, counted from where pruning has ended; 0 never stops.
	Patience int `json:"patience"`

	Workers int    `json:"workers"` // goroutines that share the streams of a batch; 1. Another number rounds differently
	Seed    uint64 `json:"seed"`

	// DenseProducts multiplies by pruned weights too, forward and back, also where a
	// matrix, or the gates of it that are multiplied at once, has less than a fifth of
	// its weights left: slower, and the same but for rounding.
	DenseProducts bool `json:"dense_products,omitempty"`
}

// Task is the kind of data and of what is learnt about it.
type Task string

const (
	Text   Task = "text"   // the next character of a text
	Class  Task = "class"  // a class for every line of text
	Tag    Task = "tag"    // a tag for every word of a sentence
	Frames Task = "frames" // a vector for every vector of a series
	CTC    Task = "ctc"    // a transcript for every recording
	Image  Task = "image"  // a class for every image, read row by row
)

// Metric is how a task is scored.
type Metric string

const (
	BitsPerChar      Metric = "bits_per_char"
	Accuracy         Metric = "accuracy"
	MeanSquaredError Metric = "mean_squared_error"
	CharErrorRate    Metric = "char_error_rate" // of greedy decoding: edits per character
)

// Metric is the metric of the task.
func (t Task) Metric() Metric {
	switch t {
	case Text:
		return BitsPerChar
	case Frames:
		return MeanSquaredError
	case CTC:
		return CharErrorRate
	}
	return Accuracy
}

// DataConfig says what is read.
type DataConfig struct {
	Task Task `json:"task"` // text

	// Paths are files of the task: plain text; lines of label, tab, text; lines of
	// word, tab, tag with an empty line behind a sentence; or columns of numbers.
	// Several files are read one behind the other. Of recordings they are what
	// data.ReadSpeech reads, of images what data.ReadImages reads.
	Paths []string `json:"paths,omitempty"`
	// ValidPaths and TestPaths are files of those parts, of tags and classes; their
	// share of Paths is then for training.
	ValidPaths []string `json:"valid_paths,omitempty"`
	TestPaths  []string `json:"test_paths,omitempty"`
	// GoRoot trains on the sources of the Go standard library under that GOROOT
	// instead of Paths; for text only.
	GoRoot string `json:"go_root,omitempty"`
	Limit  int    `json:"limit"` // bytes of text, or images of each file, that are used; 0 uses all

	Train float64 `json:"train"` // fraction for training; 0.8 where both are 0
	Valid float64 `json:"valid"` // fraction for validation; 0.1. The rest is for the test

	Bytes      bool `json:"bytes"`      // units of text are bytes, not characters
	Vocabulary int  `json:"vocabulary"` // most classes of a text or words, with that for unknown ones; 256 of text, 0 (no limit) of words

	// Frames read columns Inputs (all but the targets, if empty) and answer with
	// columns Targets or, if there are none, with the inputs Horizon steps later.
	Inputs  []int `json:"inputs,omitempty"`
	Targets []int `json:"targets,omitempty"`
	Horizon int   `json:"horizon"` // 1 without Targets
	// Raw leaves frames as they are. Otherwise every column is brought to mean 0
	// and deviation 1 over the training part, and the mean squared error is of
	// targets in that scale.
	Raw bool `json:"raw"`

	// Recordings. Transcript is the column of an index with what was said;
	// "transcript". Stack joins so many frames to one, and there are as many times
	// fewer; 1. Bands are of the features of sound, see data.LogMel; 40. Raw leaves the layer out that standardises features by the training
	// part. A part that the index names is taken as it is; Valid is then the share of
	// the training part that is held out for validation, by speaker, if none is named.
	Transcript string `json:"transcript,omitempty"`
	Stack      int    `json:"stack,omitempty"`
	Bands      int    `json:"bands,omitempty"`
}

// Cell is the kind of a recurrent layer.
type Cell string

const (
	RNN  Cell = "rnn"
	GRU  Cell = "gru"
	LSTM Cell = "lstm"
)

// ModelConfig is the shape of the network: an embedding (but for frames),
// recurrent layers and a linear layer.
type ModelConfig struct {
	Cell   Cell    `json:"cell"`   // gru
	Hidden []int   `json:"hidden"` // units of every recurrent layer; 256
	Embed  int     `json:"embed"`  // width of the embedding; 64
	Func   string  `json:"func"`   // of an RNN: tanh, relu or clipped-relu; of a GRU's candidate: tanh or relu. tanh
	Clip   float64 `json:"clip"`   // of clipped-relu; 20
	Reset  string  `json:"reset"`  // of a GRU: after (as PyTorch) or before the product; after

	Dropout float64 `json:"dropout"` // between layers
	// Bidirectional runs every recurrent layer in both directions: for tags, and
	// for frames that are not forecast.
	Bidirectional bool `json:"bidirectional"`

	// Norm normalises what every recurrent layer answers: layer (over the elements of
	// a frame), batch (of an element over the frames of a batch that a worker has), or
	// not.
	Norm string `json:"norm,omitempty"`
	// Conv is a convolution over time in front of the recurrent layers for each
	// number of channels, over ConvFrames frames, 5; for recordings.
	Conv       []int `json:"conv,omitempty"`
	ConvFrames int   `json:"conv_frames,omitempty"`
	// RowConv adds up, behind the recurrent layers of a forward model, each element
	// over so many frames ahead; for recordings. With Delay the model's answers come so
	// many frames late instead, so that it can be stepped.
	RowConv int  `json:"row_conv,omitempty"`
	Delay   bool `json:"delay,omitempty"`
	// MaskFrames and MaskFeatures hide up to so many frames and features of recordings
	// in training, twice each (SpecAugment).
	MaskFrames   int `json:"mask_frames,omitempty"`
	MaskFeatures int `json:"mask_features,omitempty"`
}

// OptimizerConfig says how parameters follow their gradients.
type OptimizerConfig struct {
	Kind     string  `json:"kind"`      // adam, nesterov or sgd; adam
	Rate     float64 `json:"rate"`      // highest learning rate; 0.003 of adam, 0.5 of nesterov and sgd
	Schedule string  `json:"schedule"`  // constant, linear, cosine, stepped or exponential; cosine
	Floor    float64 `json:"floor"`     // of linear and cosine: the last rate as a fraction of Rate; 0
	Factor   float64 `json:"factor"`    // of stepped and exponential; 0.5
	Every    int     `json:"every"`     // of stepped: steps; a tenth of all
	From     int     `json:"from"`      // of exponential: the epoch, counted from 0, after which it begins
	Warmup   int     `json:"warmup"`    // steps of a linear climb to Rate
	Momentum float64 `json:"momentum"`  // of nesterov; 0.9
	Decay    float64 `json:"decay"`     // of weights, not of biases
	ClipNorm float64 `json:"clip_norm"` // of all gradients together; 1. Below 0 clips nothing
}

// PruningConfig says what becomes sparse. The zero value prunes nothing.
type PruningConfig struct {
	// Schedule is none, ramp (the paper's two-slope threshold), cubic, oneshot, rigl
	// (one density, whose weights are exchanged), or frozen (the zeros of the start
	// model stay); none, or cubic where Density is set.
	Schedule string         `json:"schedule"`
	Pattern  sparse.Pattern `json:"pattern"` // element
	Density  float64        `json:"density"` // share of weights to keep, of cubic, oneshot and rigl; 0.1
	Rules    []string       `json:"rules,omitempty"`
	Diagonal bool           `json:"diagonal"` // keep the weights of units to themselves, see prune.Options
	// Lasso is the strength of a group lasso on the blocks of a block pattern, from
	// Begin to End; 0 for none. See prune.Pruner.Shrink.
	Lasso float64 `json:"lasso"`
	Renew float64 `json:"renew"` // of rigl: share of the weights that the first exchange replaces; 0.3

	// Begin, Bend and End are fractions of all steps. The paper's heuristics are
	// the defaults: the start of the 2nd epoch (of a run of four epochs or fewer,
	// 0.05), 0.25 and 0.5. Cubic begins and ends there, oneshot prunes at End. rigl
	// exchanges weights up to 0.75. Since 0 stands for the default, a Begin below 0
	// is what begins with the first step.
	Begin float64 `json:"begin"`
	Bend  float64 `json:"bend"` // of ramp only
	End   float64 `json:"end"`
	// AtEpoch is of oneshot: it prunes when that many epochs are done, instead of
	// at End.
	AtEpoch int `json:"at_epoch"`

	Freq int `json:"freq"` // steps between two masks; 100, or a 20th of the steps from begin to end if that is less
	// Q is of ramp: the magnitude that the threshold reaches, the 90th percentile
	// of |w| in a trained layer. 0 guesses it for every layer from its width. QOf
	// is Q for tensors by name, with the wildcards of rules.
	Q   float64            `json:"q"`
	QOf map[string]float64 `json:"q_of,omitempty"`
}

// WithDefaults returns c with the default in every field that is zero and has
// one, apart from those that follow from the data.
func (c Config) WithDefaults() Config {
	c.Data = c.Data.withDefaults()
	c.Model = c.Model.withDefaults()
	c.Optimizer = c.Optimizer.withDefaults()
	c.Pruning = c.Pruning.withDefaults()
	setDefault(&c.Streams, 32)
	setDefault(&c.Segment, 64)
	setDefault(&c.ValidLimit, 1<<18)
	setDefault(&c.TestLimit, 1<<20)
	setDefault(&c.Workers, 1)
	if c.Steps == 0 {
		setDefault(&c.Epochs, 10)
	}
	return c
}

func (c DataConfig) withDefaults() DataConfig {
	setDefault(&c.Task, Text)
	if c.Train == 0 && c.Valid == 0 {
		c.Train, c.Valid = 0.8, 0.1
	}
	if c.Task == Text {
		setDefault(&c.Vocabulary, 256)
	}
	if c.Task == Frames && len(c.Targets) == 0 {
		setDefault(&c.Horizon, 1)
	}
	return c
}

func (c ModelConfig) withDefaults() ModelConfig {
	setDefault(&c.Cell, GRU)
	if len(c.Hidden) == 0 {
		c.Hidden = []int{256}
	}
	setDefault(&c.Embed, 64)
	setDefault(&c.Func, "tanh")
	if c.Func == "clipped-relu" {
		setDefault(&c.Clip, 20)
	}
	setDefault(&c.Reset, "after")
	if len(c.Conv) > 0 {
		setDefault(&c.ConvFrames, 5)
	}
	return c
}

func (c OptimizerConfig) withDefaults() OptimizerConfig {
	setDefault(&c.Kind, "adam")
	rate := 0.5
	if c.Kind == "adam" {
		rate = 0.003
	}
	setDefault(&c.Rate, rate)
	setDefault(&c.Schedule, "cosine")
	setDefault(&c.Factor, 0.5)
	setDefault(&c.ClipNorm, 1)
	if c.Kind == "nesterov" {
		setDefault(&c.Momentum, 0.9)
	}
	return c
}

func (c PruningConfig) withDefaults() PruningConfig {
	if c.Schedule == "" {
		c.Schedule = "none"
		if c.Density != 0 {
			c.Schedule = "cubic"
		}
	}
	if c.toDensity() {
		setDefault(&c.Density, 0.1)
	}
	switch c.Schedule {
	case "ramp":
		setDefault(&c.Bend, 0.25)
		setDefault(&c.End, 0.5)
	case "rigl":
		setDefault(&c.Renew, 0.3)
		setDefault(&c.End, 0.75)
	case "cubic":
		setDefault(&c.End, 0.5)
	case "oneshot":
		if c.AtEpoch == 0 {
			setDefault(&c.End, 0.5)
		}
	}
	return c
}

// toDensity reports whether the schedule prunes to Density.
func (c PruningConfig) toDensity() bool {
	return c.Schedule == "cubic" || c.Schedule == "oneshot" || c.Schedule == "rigl"
}

// setDefault sets a field that is zero.
func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// unit is what text is cut into.
func (c DataConfig) unit() data.Unit {
	if c.Bytes {
		return data.Byte
	}
	return data.Rune
}

// origin names what is read, for errors.
func (c DataConfig) origin() string {
	if c.GoRoot != "" {
		return "the sources of Go under " + c.GoRoot
	}
	if n := len(c.Paths); n > 2 {
		return fmt.Sprintf("%s and %d more files", c.Paths[0], n-1)
	}
	return strings.Join(c.Paths, ", ")
}

func (c DataConfig) split() data.Split { return data.Split{Train: c.Train, Valid: c.Valid} }

// forecast reports whether targets are inputs of later steps.
func (c DataConfig) forecast() bool { return len(c.Targets) == 0 }
