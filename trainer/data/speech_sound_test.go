package data

import (
	"encoding/binary"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// int16s are the samples of a sound.
func int16s(samples []float32) (b []byte) {
	for _, v := range samples {
		b = binary.LittleEndian.AppendUint16(b, uint16(int16(v*32767)))
	}
	return b
}

// TestFormsOfSound: one file of samples, WAV files of an index and WAV files with
// texts are the same features.
func TestFormsOfSound(t *testing.T) {
	low, high := int16s(sine(8000, 800, 300, 0.5)), int16s(sine(8000, 1200, 2000, 0.5))
	dir := filepath.FromSlash("some/folder")
	waves := []File{
		{filepath.Join(dir, "low.wav"), wave(wavPCM, 1, 8000, 16, low)},
		{filepath.Join(dir, "high.wav"), wave(wavPCM, 1, 8000, 16, high)},
	}
	forms := [][]File{
		{
			{"i.tsv", []byte("file\tdigit\toffset_samples\tsamples\trate\nlow.wav\tLOW\t0\t800\t8000\nhigh.wav\tHIGH\t800\t1200\t8000\n")},
			{"all.i16le", slices.Concat(low, high)},
		},
		append([]File{{filepath.FromSlash("some/i.tsv"), []byte("file\tdigit\nfolder/low.wav\tLOW\nfolder/high.wav\tHIGH\n")}}, waves...),
		append([]File{{filepath.Join(dir, "low.txt"), []byte("LOW\n")}, {filepath.Join(dir, "high.txt"), []byte(" HIGH ")}}, waves...),
	}
	var first *Speech
	for i, files := range forms {
		speech, err := ReadSpeech(files, SpeechConfig{Transcript: "digit", Bands: 12})
		if err != nil {
			t.Fatal(err)
		}
		if speech.Rate != 8000 || speech.Bands != 12 || speech.Period != (Period{Time: 10 * time.Millisecond}) || len(speech.Utterances) != 2 || speech.Utterances[0].Features.Len() != 8 || speech.Utterances[1].Features.Len() != 13 {
			t.Fatalf("form %d: %+v", i, speech)
		}
		if i == 0 {
			first = speech
			continue
		}
		for k, u := range speech.Utterances {
			if want := first.Utterances[k]; u.Transcript != want.Transcript || !slices.Equal(u.Features.Values, want.Features.Values) {
				t.Errorf("form %d: %q has other features or another transcript than %q", i, u.Name, want.Name)
			}
		}
	}
}

func TestFormsOfSoundErrors(t *testing.T) {
	sound := func(rate int) []byte { return wave(wavPCM, 1, rate, 16, int16s(sine(rate, rate/10, 300, 0.5))) }
	for _, row := range []struct {
		name  string
		files []File
		want  string
	}{
		{"no text", []File{{"a.wav", sound(8000)}, {"b.txt", []byte("B")}}, "a.wav: no transcript, want it in a.txt or in an index (.tsv)"},
		{"empty text", []File{{"a.wav", sound(8000)}, {"a.txt", []byte(" \n")}}, "a.txt: an empty transcript"},
		{"two rates", []File{{"a.wav", sound(8000)}, {"a.txt", []byte("A")}, {"b.wav", sound(16000)}, {"b.txt", []byte("B")}}, "b.wav: 16000 samples a second, want 8000 as the first recording has"},
		{"short", []File{{"a.wav", wave(wavPCM, 1, 8000, 16, make([]byte, 20))}, {"a.txt", []byte("A")}}, "a.wav: 10 samples, want at least the 200 of a window"},
		{"no WAV", []File{{"a.wav", []byte("MP3")}, {"a.txt", []byte("A")}}, `a.wav: begins with "MP3", want a RIFF WAVE file`},
		{"not there", []File{{"a.wav", sound(8000)}, {"i.tsv", []byte("file\ttranscript\nb.wav\tB\n")}}, "i.tsv:2: b.wav is not among the files"},
		{"beyond", []File{{"a.i16le", make([]byte, 100)}, {"i.tsv", []byte("utt\ttranscript\toffset_samples\tsamples\trate\na\tA\t40\t11\t8000\n")}}, "i.tsv:2: 11 samples from sample 40, want them within the 50 of a.i16le"},
		{"both kinds", []File{{"a.i16le", nil}, {"a.wav", sound(8000)}, {"i.tsv", nil}}, "want one index and one kind of the others"},
	} {
		if _, err := ReadSpeech(row.files, SpeechConfig{}); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %q", row.name, err, row.want)
		}
	}
}
