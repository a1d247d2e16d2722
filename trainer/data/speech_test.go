package data

import (
	"encoding/binary"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sparsec/sparsec/trainer/nn"
)

// features is a file of float32 that count upwards.
func features(n int) File {
	var content []byte
	for i := range n {
		content = binary.LittleEndian.AppendUint32(content, math.Float32bits(float32(i)))
	}
	return File{"mfcc.f32le", content}
}

func table(lines ...string) File {
	return File{"index.tsv", []byte(strings.Join(lines, "\n") + "\n")}
}

const speechColumns = "utt\tsplit\tspeaker\toffset_floats\tframes\ttranscript"

func TestReadSpeech(t *testing.T) {
	speech, err := ReadSpeech([]File{features(24), table(speechColumns,
		"a\ttrain\tada\t0\t5\tAB",
		"b\tdev\tbob\t10\t3\t A A ",
		"c\ttest\tbob\t16\t4\tB")}, SpeechConfig{})
	if err != nil {
		t.Fatal(err)
	}
	got := speech.Utterances
	if speech.Rate != 0 || speech.Bands != 0 || speech.Period != usualPeriod {
		t.Errorf("features that were computed before are of sound: %+v", speech)
	}
	if len(got) != 3 || got[1].Split != "valid" || got[1].Transcript != "A A" || got[1].Speaker != "bob" {
		t.Errorf("read %+v", got)
	}
	for i, want := range [][]float32{{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {10, 11, 12, 13, 14, 15}, {16, 17, 18, 19, 20, 21, 22, 23}} {
		if f := got[i].Features; f.Width != 2 || !slices.Equal(f.Values, want) {
			t.Errorf("utterance %d: features %v of width %d, want %v of width 2", i, f.Values, f.Width, want)
		}
	}
	if s := got[0].Features.Stack(2); s.Width != 4 || s.Len() != 2 || !slices.Equal(s.Values, []float32{0, 1, 2, 3, 4, 5, 6, 7}) {
		t.Errorf("two frames stacked: %v of width %d", s.Values, s.Width)
	}
}

func TestFrameRate(t *testing.T) {
	speech, err := ReadSpeech([]File{features(10), table(speechColumns+"\tframe_rate", "a\ttrain\tada\t0\t5\tA\t62.5")}, SpeechConfig{})
	if err != nil {
		t.Fatal(err)
	}
	if want := (Period{Time: 16 * time.Millisecond}); speech.Period != want {
		t.Errorf("62.5 frames a second: %+v, want %+v", speech.Period, want)
	}
}

func TestReadSpeechErrors(t *testing.T) {
	infinite := features(10)
	copy(infinite.Content[8:], []byte{0, 0, 0x80, 0x7f})
	row := func(fields string) []File { return []File{features(10), table(speechColumns, fields)} }
	for _, tc := range []struct {
		name  string
		files []File
		cfg   SpeechConfig
		want  string
	}{
		{"no features", []File{table(speechColumns)}, SpeechConfig{}, "1 indices (.tsv), 0 files of features (.f32le), 0 of samples (.i16le) and 0 of sound (.wav): want"},
		{"no lines", []File{features(10), table(speechColumns)}, SpeechConfig{}, "index.tsv: no recordings"},
		{"no column", row("a\ttrain\tada\t0\t5\tAB"), SpeechConfig{Transcript: "said"}, `index.tsv: no column "said", want utt, said`},
		{"column twice", []File{features(10), table("utt\tutt")}, SpeechConfig{}, `index.tsv:1: column "utt", want a name of its own`},
		{"short line", row("a\ttrain\tada"), SpeechConfig{}, "index.tsv:2: 3 columns, want 6"},
		{"empty transcript", row("a\ttrain\tada\t0\t5\t "), SpeechConfig{}, `index.tsv:2: recording "a" has an empty transcript`},
		{"split", row("a\tdevel\tada\t0\t5\tA"), SpeechConfig{}, `index.tsv:2: split "devel", want train, valid, dev or test`},
		{"offset", row("a\ttrain\tada\t-1\t5\tA"), SpeechConfig{}, `index.tsv:2: offset_floats "-1", want a whole number`},
		{"beyond", row("a\ttrain\tada\t2\t5\tA"), SpeechConfig{}, "index.tsv:2: 5 frames of 2 floats from float 2, want at least one within the 10 floats of mfcc.f32le"},
		{"frame rate", []File{features(10), table(speechColumns+"\tframe_rate", "a\ttrain\tada\t0\t5\tA\t0")}, SpeechConfig{}, `index.tsv:2: frame_rate "0", want the number of frames a second`},
		{"frame rates", []File{features(10), table(speechColumns+"\tframe_rate", "a\ttrain\tada\t0\t3\tA\t50", "b\ttrain\tada\t6\t2\tA\t100")}, SpeechConfig{}, `index.tsv:3: frame_rate "100", want "50" as the first recording has`},
		{"width", row("a\ttrain\tada\t0\t3\tA"), SpeechConfig{}, "mfcc.f32le: 10 floats, want as many for each of the 3 frames that index.tsv names"},
		{"bytes", []File{{"f.f32le", make([]byte, 5)}, table(speechColumns, "a\ttrain\tada\t0\t5\tA")}, SpeechConfig{}, "f.f32le: 5 bytes, want float32 of 4 bytes"},
		{"infinite", []File{infinite, table(speechColumns, "a\ttrain\tada\t0\t5\tA")}, SpeechConfig{}, "mfcc.f32le: float 2 is +Inf, want a finite number"},
	} {
		_, err := ReadSpeech(tc.files, tc.cfg)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q", tc.name, err, tc.want)
		}
	}
}

// TestSplitSpeech: parts that are named stay, and no speaker of the validation part
// is in training.
func TestSplitSpeech(t *testing.T) {
	utterances := func(split string) (all []Utterance) {
		for i := range 40 {
			all = append(all, Utterance{Name: string(rune('A' + i)), Speaker: string(rune('a' + i%10)), Split: split})
		}
		return all
	}
	apart := func(name string, a, b []Utterance) {
		for _, u := range a {
			if slices.ContainsFunc(b, func(v Utterance) bool { return v.Speaker == u.Speaker }) {
				t.Errorf("%s: speaker %s is in both parts", name, u.Speaker)
			}
		}
	}
	named := append(utterances("train"), Utterance{Name: "x", Split: "test"}, Utterance{Name: "y", Split: "test"})
	train, valid, test := SplitSpeech(named, Split{0.8, 0.15})
	if len(train) != 32 || len(valid) != 8 || len(test) != 2 {
		t.Errorf("%d, %d and %d utterances, want 32, 8 (two whole speakers) and 2", len(train), len(valid), len(test))
	}
	apart("held out", train, valid)
	again, _, _ := SplitSpeech(named, Split{0.8, 0.15})
	if !slices.EqualFunc(train, again, func(a, b Utterance) bool { return a.Name == b.Name }) {
		t.Error("another division the second time")
	}
	train, valid, test = SplitSpeech(utterances(""), Split{0.5, 0.3})
	if len(train) != 20 || len(valid) != 12 || len(test) != 8 {
		t.Errorf("%d, %d and %d utterances, want 20, 12 and 8", len(train), len(valid), len(test))
	}
	apart("train and test", train, test)
	apart("valid and test", valid, test)
	train, valid, _ = SplitSpeech([]Utterance{{Name: "1", Speaker: "s"}, {Name: "2", Speaker: "s"}}, Split{0.5, 0.5})
	if len(train) != 2 || len(valid) != 0 {
		t.Errorf("a single speaker: %d and %d utterances, want all in training", len(train), len(valid))
	}
}

// TestTranscripts: batches carry the transcripts with lengths of their own, and the
// loss of nn takes them.
func TestTranscripts(t *testing.T) {
	utterances := []Utterance{
		{Features: &Series{Width: 1, Values: make([]float32, 7)}, Transcript: "ABBA"},
		{Features: &Series{Width: 1, Values: make([]float32, 2)}, Transcript: "B"},
		{Features: &Series{Width: 1, Values: make([]float32, 4)}, Transcript: "AB"},
	}
	v, err := BuildVocabulary(CountUnits(utterances, Rune), 0)
	if err != nil {
		t.Fatal(err)
	}
	set, err := SpeechDataset(utterances, Rune, v)
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSequences(set, SequencesConfig{Streams: 2})
	if err != nil {
		t.Fatal(err)
	}
	var b nn.Batch[float32]
	wants := []struct {
		frames, lengths, index []int32
	}{
		{[]int32{7, 2}, []int32{4, 1}, []int32{2, 1, 1, nn.Ignore, 1, nn.Ignore, 2, nn.Ignore}},
		{[]int32{4}, []int32{2}, []int32{2, 1}},
	}
	for i, want := range wants {
		if err := s.Next(&b); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(b.Input.Lengths, want.frames) || !slices.Equal(b.Target.Lengths, want.lengths) || !slices.Equal(b.Target.Index, want.index) {
			t.Errorf("batch %d: %v frames, %v classes, %v, want %+v", i, b.Input.Lengths, b.Target.Lengths, b.Target.Index, want)
		}
		y := nn.Seq[float32]{Steps: b.Input.Steps, Streams: b.Input.Streams, Width: 3, Lengths: b.Input.Lengths}
		if err := (&nn.CTC[float32]{}).CheckTarget(&y, &b.Target); err != nil {
			t.Error(err)
		}
	}
	if err := s.Next(&b); err != io.EOF {
		t.Errorf("after the last batch: %v", err)
	}
	short := []Utterance{{Features: &Series{Width: 1, Values: make([]float32, 4)}, Transcript: "ABBA", place: "index.tsv:9"}}
	if _, err := SpeechDataset(short, Rune, v); err == nil || !strings.Contains(err.Error(), `index.tsv:9: "ABBA": 4 frames, want at least 5`) {
		t.Errorf("a transcript longer than its recording: %v", err)
	}
	short[0].Transcript = "C"
	if _, err := SpeechDataset(short, Rune, v); err == nil || !strings.Contains(err.Error(), "not in the vocabulary") {
		t.Errorf("a letter that is not known: %v", err)
	}
}
