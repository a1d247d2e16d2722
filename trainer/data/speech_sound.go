package data

import (
	"encoding/binary"
	"fmt"
	"path/filepath"
	"strings"
)

// sounds turns sounds of one rate into features.
type sounds struct {
	bands int
	mel   *LogMel
}

// features are those of a sound; place is where it stands.
func (s *sounds) features(sound *Sound, place string) (*Series, error) {
	if s.mel == nil {
		var err error
		if s.mel, err = NewLogMel(sound.Rate, s.bands); err != nil {
			return nil, fmt.Errorf("%s: %w", place, err)
		}
	}
	if sound.Rate != s.mel.Rate {
		return nil, fmt.Errorf("%s: %d samples a second, want %d as the first recording has", place, sound.Rate, s.mel.Rate)
	}
	features, err := s.mel.Features(sound.Samples)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", place, err)
	}
	return features, nil
}

// samples gives utterances the features of parts of one file of int16.
func (x *index) samples(utterances []Utterance, file File, s *sounds) error {
	if err := x.want("offset_samples", "samples", "rate"); err != nil {
		return err
	}
	all := len(file.Content) / 2
	for row := range utterances {
		var at [3]int
		for i, column := range []string{"offset_samples", "samples", "rate"} {
			var err error
			if at[i], err = x.number(row, column); err != nil {
				return err
			}
		}
		from, n := at[0], at[1]
		if from > all-n {
			return fmt.Errorf("%s: %d samples from sample %d, want them within the %d of %s", x.place(row), n, from, all, file.Path)
		}
		sound := &Sound{Rate: at[2], Samples: make([]float32, n)}
		for i := range sound.Samples {
			sound.Samples[i] = float32(int16(binary.LittleEndian.Uint16(file.Content[2*(from+i):]))) / (1 << 15)
		}
		var err error
		if utterances[row].Features, err = s.features(sound, x.place(row)); err != nil {
			return err
		}
	}
	return nil
}

// named gives utterances the features of the WAV files that a column names, beside
// the index.
func (x *index) named(utterances []Utterance, files []File, s *sounds) error {
	if err := x.want("file"); err != nil {
		return err
	}
	for row := range utterances {
		path := filepath.Join(filepath.Dir(x.name), filepath.FromSlash(x.text(row, "file")))
		file := find(files, path)
		if file == nil {
			return fmt.Errorf("%s: %s is not among the files", x.place(row), path)
		}
		if err := s.read(&utterances[row], *file); err != nil {
			return err
		}
	}
	return nil
}

// read gives an utterance the features of a WAV file.
func (s *sounds) read(u *Utterance, file File) error {
	sound, err := ReadWAV(file.Content, file.Path)
	if err != nil {
		return err
	}
	u.Features, err = s.features(sound, file.Path)
	return err
}

// paired are the WAV files that have a text of the same name beside them.
func paired(waves, texts []File, s *sounds) ([]Utterance, error) {
	var all []Utterance
	for _, wave := range waves {
		name := strings.TrimSuffix(wave.Path, filepath.Ext(wave.Path))
		text := find(texts, name+".txt")
		if text == nil {
			return nil, fmt.Errorf("%s: no transcript, want it in %s.txt or in an index (.tsv)", wave.Path, name)
		}
		u := Utterance{Name: filepath.Base(name), Transcript: strings.Join(strings.Fields(string(text.Content)), " "), place: text.Path}
		if u.Transcript == "" {
			return nil, fmt.Errorf("%s: an empty transcript", text.Path)
		}
		if err := s.read(&u, wave); err != nil {
			return nil, err
		}
		all = append(all, u)
	}
	return all, nil
}

// find is the file of that path, or nil.
func find(files []File, path string) *File {
	for i := range files {
		if filepath.Clean(files[i].Path) == filepath.Clean(path) {
			return &files[i]
		}
	}
	return nil
}
