package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/sparsec/sparsec/trainer"
	"github.com/sparsec/sparsec/trainer/decode"
	"github.com/sparsec/sparsec/trainer/gemm"
)

var evalVerb = &verb{
	name:    "eval",
	args:    "model.ckpt",
	summary: "score a trained model on a part of its data, or read recordings with it",
	detail: `Scores a model that was trained here on a part of data. They are read as they were
for training: the checkpoint holds those settings, but for where the data lie.

Of a model of recordings (-task ctc) it prints the character and word error rates,
and with -o writes a line for each: name, what was said, what was read. With -beam
the transcript is that of a prefix beam search, else that of the most probable
alignment. The data may be others than those of the training; they are divided in
the same way, where -valid-data and -test-data do not name files of those parts.

With -compiled the model is compiled as well, its package reads the same recordings,
and its transcripts are held against those of the network. Then it is timed, on one
thread: the time for a frame of the network, and the real-time factor, which is that
over the time from one frame to the next. A package that is stepped is timed step by
step, one that takes whole sequences in one as long as the recording of median
length of the part. What turns sound into features is not part of it, nor is the search for a
transcript. -against names a second model of the same data, say the dense one, which
is compiled and held against its own transcripts too; both are timed in turn.`,
	example: `sparsec eval -data recordings model.ckpt
sparsec eval -data recordings -part valid -beam 16 -o transcripts.tsv model.ckpt
sparsec eval -data recordings -compiled -against dense.ckpt sparse.ckpt`,
	define: func(fs *flag.FlagSet) action {
		var v evaluation
		fs.Var(&v.paths, "data", "`file or folder` with the data, as for train; may be repeated (default, of text: the sources of Go's standard library)")
		fs.Var(&v.valid, "valid-data", "`file or folder` of the validation part, of tags and classes; may be repeated")
		fs.Var(&v.test, "test-data", "`file or folder` of the test part, of tags and classes; may be repeated")
		fs.StringVar(&v.part, "part", "test", "`part` to score: train, valid or test")
		fs.IntVar(&v.beam, "beam", 0, "transcripts that the search keeps; 0 takes the most probable alignment")
		fs.BoolVar(&v.compiled, "compiled", false, "also compile the model, read the recordings with the package, compare and time it")
		fs.StringVar(&v.against, "against", "", "second `checkpoint` for -compiled, of the same data, timed in turn with the model")
		fs.DurationVar(&v.budget, "time", 3*time.Second, "how long -compiled measures")
		fs.StringVar(&v.out, "o", "", "`file` to write transcripts to")
		fs.BoolVar(&v.force, "f", false, "replace the file if it is there")
		return v.run
	},
}

type evaluation struct {
	paths, valid, test textList
	part, out, against string
	beam               int
	compiled, force    bool
	budget             time.Duration
}

// trained is a model that was trained here.
type trained struct {
	*checkpoint
	meta *trainer.Meta
	cfg  trainer.Config // of the training, with the data given
}

func (v *evaluation) run(ctx context.Context, e *env, args []string) error {
	path, err := one(args, "a checkpoint")
	if err != nil {
		return err
	}
	p, err := v.check(path)
	if err != nil {
		return err
	}
	if v.out != "" {
		if err := replaceable(v.out, v.force); err != nil {
			return err
		}
	}
	m, err := v.open(ctx, path)
	if err != nil {
		return err
	}
	models := []*trained{m}
	if v.against != "" {
		if models, err = v.opponent(ctx, m); err != nil {
			return err
		}
	}
	corpus, err := load(m.cfg, m.meta)
	if err != nil {
		return err
	}
	gemm.Register(1)
	if m.cfg.Data.Task == trainer.CTC {
		return v.transcribe(ctx, e, models, corpus, p)
	}
	s, err := trainer.Evaluate(ctx, m.model, corpus, p, m.cfg.Streams)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(e.stdout, "%s: %s, %d targets\n", v.part, s, s.Count)
	return err
}

// check reports what is wrong with the flags, and the part that they name.
func (v *evaluation) check(path string) (trainer.Part, error) {
	part := slices.Index([]string{trainer.Train.String(), trainer.Valid.String(), trainer.Test.String()}, v.part)
	switch {
	case part < 0:
		return 0, usagef("-part %q: want train, valid or test", v.part)
	case v.beam < 0:
		return 0, usagef("-beam %d: want at least 0", v.beam)
	case v.against != "" && !v.compiled:
		return 0, usagef("-against compares compiled packages: want it with -compiled")
	case v.against == path:
		return 0, usagef("-against %s: is the model itself, want another one", path)
	}
	return trainer.Part(part), nil
}

// open reads a model that was trained here.
func (v *evaluation) open(ctx context.Context, path string) (*trained, error) {
	c, err := readCheckpoint(path)
	if err != nil {
		return nil, err
	}
	meta, err := trainer.ReadMeta(c.meta)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	cfg, err := v.settings(ctx, c)
	return &trained{c, meta, cfg}, err
}

// load reads the data. Recordings may hold characters that the model does not have;
// else data are read in its classes.
func load(cfg trainer.Config, meta *trainer.Meta) (*trainer.Corpus, error) {
	if cfg.Data.Task == trainer.CTC {
		return trainer.LoadCorpus(cfg.Data, cfg.Seed)
	}
	return trainer.LoadCorpusFor(cfg.Data, cfg.Seed, meta)
}

// settings are those of the training, with the data given.
func (v *evaluation) settings(ctx context.Context, c *checkpoint) (cfg trainer.Config, err error) {
	text, ok := c.meta[configKey]
	if !ok {
		return cfg, fmt.Errorf("%s: no metadata %q: not a model that was trained here", c.path, configKey)
	}
	if err := json.Unmarshal([]byte(text), &cfg); err != nil {
		return cfg, fmt.Errorf("%s: metadata %q: %w", c.path, configKey, err)
	}
	if cfg.Data.Task != trainer.CTC && (v.beam != 0 || v.out != "" || v.compiled) {
		return cfg, usagef("-beam, -compiled or -o with a model of task %s: want them with one of recordings (ctc)", cfg.Data.Task)
	}
	cfg.Data.Paths, cfg.Data.ValidPaths, cfg.Data.TestPaths = v.paths, v.valid, v.test
	return cfg, completeData(ctx, &cfg.Data)
}

// transcribe prints the error rates of a part by each model, and writes what the last
// of them read, which is the one that was asked for.
func (v *evaluation) transcribe(ctx context.Context, e *env, models []*trained, corpus *trainer.Corpus, p trainer.Part) error {
	var o trainer.Transcribing
	if v.beam > 0 {
		o.Beam = &decode.Beam{Width: v.beam}
	}
	all := make([][]trainer.Reading, len(models))
	for i, m := range models {
		var err error
		if all[i], err = corpus.Transcribe(ctx, m.model, m.meta, p, o); err != nil {
			return fmt.Errorf("%s: %w", m.path, err)
		}
		whose := ""
		if len(models) > 1 {
			whose = m.path + ": "
		}
		fmt.Fprintf(e.stdout, "%s%s: %d recordings, CER %v, WER %v\n", whose, p, len(all[i]), trainer.CharErrors(all[i], m.meta.Unit), trainer.WordErrors(all[i]))
	}
	if v.compiled {
		if err := v.compare(ctx, e, models, corpus, p, o, all); err != nil {
			return err
		}
	}
	if v.out == "" {
		return nil
	}
	if err := os.WriteFile(v.out, transcriptTable(all[len(all)-1]), 0o666); err != nil {
		return err
	}
	return outcome(e.stdout, v.out)
}

// transcriptTable is a line a recording behind one of names.
func transcriptTable(readings []trainer.Reading) []byte {
	var b strings.Builder
	b.WriteString("utt\twant\tgot\n")
	for _, r := range readings {
		fmt.Fprintf(&b, "%s\t%s\t%s\n", r.Name, r.Want, r.Got)
	}
	return []byte(b.String())
}
