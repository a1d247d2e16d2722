package data

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
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
}

// ReadSpeech reads recordings from an index and what it points to: a table (.tsv),
// divided by tabs, whose first line names the columns. It has one line a recording
// and the columns
//
//	utt          name of the recording
//	transcript   what was said, or the column that the configuration names
//	split        train, valid (or dev) or test; may be left out
//	speaker      may be left out
//
// and for features that were computed before, in one file of float32 in
// little-endian order (.f32le), frame by frame,
//
//	offset_floats, frames
//
// How many floats a frame has follows from the size of that file.
func ReadSpeech(files []File, cfg SpeechConfig) ([]Utterance, error) {
	if cfg.Transcript == "" {
		cfg.Transcript = "transcript"
	}
	tables, features := ofKind(files, ".tsv"), ofKind(files, ".f32le")
	if len(tables) != 1 || len(features) != 1 {
		return nil, fmt.Errorf("%d indices (.tsv) and %d files of features (.f32le), want one of each", len(tables), len(features))
	}
	x, err := readIndex(bytes.NewReader(tables[0].Content), tables[0].Path)
	if err != nil {
		return nil, err
	}
	utterances, err := x.utterances(cfg)
	if err != nil {
		return nil, err
	}
	return utterances, x.features(utterances, features[0])
}

// speechKinds are the endings of the files that ReadSpeech reads.
var speechKinds = []string{".tsv", ".f32le"}

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
	if err := x.want("utt", cfg.Transcript); err != nil {
		return nil, err
	}
	var errs []error
	all := make([]Utterance, len(x.rows))
	for row := range x.rows {
		u := Utterance{
			Name: x.text(row, "utt"), Speaker: x.text(row, "speaker"), Split: x.text(row, "split"),
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

// features gives utterances their frames.
func (x *index) features(utterances []Utterance, file File) error {
	if err := x.want("offset_floats", "frames"); err != nil {
		return err
	}
	offsets, frames, sum := make([]int, len(utterances)), make([]int, len(utterances)), 0
	for row := range utterances {
		var err [2]error
		offsets[row], err[0] = x.number(row, "offset_floats")
		frames[row], err[1] = x.number(row, "frames")
		if err := errors.Join(err[:]...); err != nil {
			return err
		}
		sum += frames[row]
	}
	values, err := floats32(file)
	if err != nil {
		return err
	}
	if sum == 0 || len(values) == 0 || len(values)%sum != 0 {
		return fmt.Errorf("%s: %d floats, want as many for each of the %d frames that %s names", file.Path, len(values), sum, x.name)
	}
	width := len(values) / sum
	for row := range utterances {
		from, n := offsets[row], frames[row]*width
		if n == 0 || from > len(values)-n {
			return fmt.Errorf("%s: %d frames of %d floats from float %d, want at least one within the %d floats of %s",
				x.place(row), frames[row], width, from, len(values), file.Path)
		}
		utterances[row].Features = &Series{Width: width, Values: values[from : from+n]}
	}
	return nil
}

// floats32 are the numbers of a file of little-endian float32.
func floats32(file File) ([]float32, error) {
	if len(file.Content)%4 != 0 {
		return nil, fmt.Errorf("%s: %d bytes, want float32 of 4 bytes", file.Path, len(file.Content))
	}
	values := make([]float32, len(file.Content)/4)
	for i := range values {
		v := math.Float32frombits(binary.LittleEndian.Uint32(file.Content[4*i:]))
		if v-v != 0 {
			return nil, fmt.Errorf("%s: float %d is %v, want a finite number", file.Path, i, v)
		}
		values[i] = v
	}
	return values, nil
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
