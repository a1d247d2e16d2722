package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

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
the same way, where -valid-data and -test-data do not name files of those parts.`,
	example: `sparsec eval -data recordings model.ckpt
sparsec eval -data recordings -part valid -beam 16 -o transcripts.tsv model.ckpt`,
	define: func(fs *flag.FlagSet) action {
		var v evaluation
		fs.Var(&v.paths, "data", "`file or folder` with the data, as for train; may be repeated (default, of text: the sources of Go's standard library)")
		fs.Var(&v.valid, "valid-data", "`file or folder` of the validation part, of tags and classes; may be repeated")
		fs.Var(&v.test, "test-data", "`file or folder` of the test part, of tags and classes; may be repeated")
		fs.StringVar(&v.part, "part", "test", "`part` to score: train, valid or test")
		fs.IntVar(&v.beam, "beam", 0, "transcripts that the search keeps; 0 takes the most probable alignment")
		fs.BoolVar(&v.compiled, "compiled", false, "also compile the model, read the recordings with the package and compare")
		fs.StringVar(&v.out, "o", "", "`file` to write transcripts to")
		fs.BoolVar(&v.force, "f", false, "replace the file if it is there")
		return v.run
	},
}

type evaluation struct {
	paths, valid, test textList
	part, out          string
	beam               int
	compiled, force    bool
}

func (v *evaluation) run(ctx context.Context, e *env, args []string) error {
	path, err := one(args, "a checkpoint")
	if err != nil {
		return err
	}
	part := slices.Index([]string{trainer.Train.String(), trainer.Valid.String(), trainer.Test.String()}, v.part)
	switch {
	case part < 0:
		return usagef("-part %q: want train, valid or test", v.part)
	case v.beam < 0:
		return usagef("-beam %d: want at least 0", v.beam)
	}
	if v.out != "" {
		if err := replaceable(v.out, v.force); err != nil {
			return err
		}
	}
	c, err := readCheckpoint(path)
	if err != nil {
		return err
	}
	meta, err := trainer.ReadMeta(c.meta)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	cfg, err := v.settings(ctx, c)
	if err != nil {
		return err
	}
	corpus, err := load(cfg, meta)
	if err != nil {
		return err
	}
	gemm.Register(1)
	if cfg.Data.Task == trainer.CTC {
		return v.transcribe(ctx, e.stdout, c, meta, corpus, trainer.Part(part))
	}
	s, err := trainer.Evaluate(ctx, c.model, corpus, trainer.Part(part), cfg.Streams)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(e.stdout, "%s: %s, %d targets\n", v.part, s, s.Count)
	return err
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

// transcribe prints the error rates of a part, and writes what was read.
func (v *evaluation) transcribe(ctx context.Context, w io.Writer, c *checkpoint, meta *trainer.Meta, corpus *trainer.Corpus, p trainer.Part) error {
	var o trainer.Transcribing
	if v.beam > 0 {
		o.Beam = &decode.Beam{Width: v.beam}
	}
	readings, err := corpus.Transcribe(ctx, c.model, meta, p, o)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%s: %d recordings, CER %v, WER %v\n", p, len(readings), trainer.CharErrors(readings, meta.Unit), trainer.WordErrors(readings))
	if v.compiled {
		if err := compareCompiled(ctx, w, c, meta, corpus, p, o, readings); err != nil {
			return err
		}
	}
	if v.out == "" {
		return nil
	}
	if err := os.WriteFile(v.out, transcriptTable(readings), 0o666); err != nil {
		return err
	}
	return outcome(w, v.out)
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
