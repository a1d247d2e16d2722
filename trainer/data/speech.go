package data

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// Utterance is what somebody said, as frames of features and in letters.
type Utterance struct {
	Name       string
	Speaker    string // empty where it is not known
	Split      string // train, valid, test, or empty where it is not said
	Features   *Series
	Transcript string
	place      string // file and line, for errors
}

// File is the content of a file and the name that errors carry.
type File struct {
	Path    string
	Content []byte
}

// SpeechConfig says how recordings are read.
type SpeechConfig struct {
	Transcript string // column of the index with what was said; transcript
	Bands      int    // of the features of sound, see LogMel; 40
}

// Speech is recordings and how their features came about.
type Speech struct {
	Utterances []Utterance
	Rate       int    // samples a second of the sound; 0 of features that were computed before
	Bands      int    // of LogMel; 0 of those
	Period     Period // from one frame to the next
}

// ReadSpeech reads recordings in one of four forms. Three have an index: a table
// (.tsv), divided by tabs, whose first line names the columns. It has one line a
// recording and the columns
//
//	utt          name of the recording; or file
//	transcript   what was said, or the column that the configuration names
//	split        train, valid (or dev) or test; may be left out
//	speaker      may be left out
//
// and, for features that were computed before and lie in one file of float32 in
// little-endian order (.f32le), frame by frame,
//
//	offset_floats, frames
//
// where the size of that file says how many floats a frame has, and a column
// frame_rate how many frames a second has, 100 without; for sound in one
// file of int16 in little-endian order (.i16le), of one channel,
//
//	offset_samples, samples, rate
//
// and for sound in WAV files, by the path from the index,
//
//	file
//
// The fourth form is WAV files with the transcript of each beside it, hello.wav and
// hello.txt. Sound becomes the features of [LogMel], and all of it has one rate.
func ReadSpeech(files []File, cfg SpeechConfig) (*Speech, error) {
	if cfg.Transcript == "" {
		cfg.Transcript = "transcript"
	}
	if cfg.Bands == 0 {
		cfg.Bands = 40
	}
	sound := &sounds{bands: cfg.Bands}
	speech := &Speech{}
	if err := speech.read(files, cfg, sound); err != nil {
		return nil, err
	}
	if sound.mel != nil {
		speech.Rate, speech.Bands, speech.Period = sound.mel.Rate, sound.mel.Bands, sound.mel.Period()
	}
	return speech, nil
}

// read reads the form that the kinds of files tell.
func (speech *Speech) read(files []File, cfg SpeechConfig, s *sounds) (err error) {
	tables, waves := ofKind(files, ".tsv"), ofKind(files, ".wav")
	features, samples := ofKind(files, ".f32le"), ofKind(files, ".i16le")
	if len(tables) == 0 && len(features)+len(samples) == 0 && len(waves) > 0 {
		speech.Utterances, err = paired(waves, ofKind(files, ".txt"), s)
		return err
	}
	if len(tables) != 1 || len(features)+len(samples) > 1 || (len(features)+len(samples) == 1) == (len(waves) > 0) {
		return fmt.Errorf("%d indices (.tsv), %d files of features (.f32le), %d of samples (.i16le) and %d of sound (.wav): want one index and one kind of the others, or WAV files with their transcripts",
			len(tables), len(features), len(samples), len(waves))
	}
	x, err := readIndex(bytes.NewReader(tables[0].Content), tables[0].Path)
	if err != nil {
		return err
	}
	if speech.Utterances, err = x.utterances(cfg); err != nil {
		return err
	}
	switch {
	case len(features) == 1:
		if speech.Period, err = x.period(); err != nil {
			return err
		}
		return x.features(speech.Utterances, features[0])
	case len(samples) == 1:
		return x.samples(speech.Utterances, samples[0], s)
	}
	return x.named(speech.Utterances, waves, s)
}

// speechKinds are the endings of the files that ReadSpeech reads.
var speechKinds = []string{".tsv", ".f32le", ".i16le", ".wav", ".txt"}

// IsSpeech reports whether a file is of a kind that ReadSpeech reads.
func IsSpeech(path string) bool {
	return slices.Contains(speechKinds, strings.ToLower(filepath.Ext(path)))
}

// ofKind are the files whose names end so.
func ofKind(files []File, extension string) []File {
	var of []File
	for _, f := range files {
		if strings.EqualFold(filepath.Ext(f.Path), extension) {
			of = append(of, f)
		}
	}
	return of
}

// utterances are the rows of an index, without their features. It lists all that
// have no transcript or a part that is not known.
func (x *index) utterances(cfg SpeechConfig) ([]Utterance, error) {
	name := "utt"
	if !x.has(name) && x.has("file") {
		name = "file"
	}
	if err := x.want(name, cfg.Transcript); err != nil {
		return nil, err
	}
	var errs []error
	all := make([]Utterance, len(x.rows))
	for row := range x.rows {
		u := Utterance{
			Name: x.text(row, name), Speaker: x.text(row, "speaker"), Split: x.text(row, "split"),
			Transcript: strings.TrimSpace(x.text(row, cfg.Transcript)), place: x.place(row),
		}
		if u.Split == "dev" {
			u.Split = "valid"
		}
		if u.Transcript == "" {
			errs = append(errs, fmt.Errorf("%s: recording %q has an empty %s", u.place, u.Name, cfg.Transcript))
		}
		if !slices.Contains([]string{"train", "valid", "test", ""}, u.Split) {
			errs = append(errs, fmt.Errorf("%s: split %q, want train, valid, dev or test", u.place, u.Split))
		}
		all[row] = u
	}
	return all, errors.Join(errs...)
}

// CountUnits counts the units of all transcripts, for BuildVocabulary.
func CountUnits(utterances []Utterance, unit Unit) map[string]int {
	texts := make([]string, len(utterances))
	for i, u := range utterances {
		texts[i] = u.Transcript
	}
	return unit.Count(texts...)
}

// SpeechDataset encodes transcripts by v, whose class 0 is then free for the blank
// of CTC. An utterance with too few frames for its transcript is an error.
func SpeechDataset(utterances []Utterance, unit Unit, v *Vocabulary) (*Dataset, error) {
	d := &Dataset{Transcripts: true}
	for _, u := range utterances {
		e := Example{Values: u.Features.Values, Classes: unit.Encode(v, u.Transcript)}
		if i := slices.Index(e.Classes, 0); i >= 0 {
			return nil, fmt.Errorf("%s: %q: unit %d is not in the vocabulary", u.place, u.Transcript, i)
		}
		least := len(e.Classes)
		for i := range e.Classes[1:] {
			if e.Classes[i] == e.Classes[i+1] {
				least++
			}
		}
		if n := u.Features.Len(); n < least {
			return nil, fmt.Errorf("%s: %q: %d frames, want at least %d, one a unit and one between two that are the same", u.place, u.Transcript, n, least)
		}
		d.Width = u.Features.Width
		d.Examples = append(d.Examples, e)
	}
	return d, nil
}
