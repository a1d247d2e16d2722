package data

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/trainer/nn"
)

// sources makes one source of every kind, each time from scratch.
func sources(t *testing.T) map[string]func() Source {
	t.Helper()
	must := func(s Source, err error) Source {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	var tokens []int32
	series := &Series{Width: 2}
	labelled, tagged := &Dataset{}, &Dataset{PerStep: true}
	var inputs, targets []*Series
	for i := range 47 {
		tokens = append(tokens, int32(i))
		series.Values = append(series.Values, float32(i), float32(-i))
		n := 1 + i*7%5
		e := Example{Classes: []int32{int32(i)}}
		for t := range n {
			e.Index = append(e.Index, int32(100*i+t))
		}
		labelled.Examples = append(labelled.Examples, e)
		tagged.Examples = append(tagged.Examples, Example{Index: e.Index, Classes: e.Index})
		inputs = append(inputs, &Series{Width: 1, Values: make([]float32, n)})
		targets = append(targets, &Series{Width: 2, Values: slices.Repeat([]float32{float32(i)}, 2*n)})
	}
	frames, err := FrameDataset(inputs, targets)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]func() Source{
		"text": func() Source { return must(NewText(tokens, 4, 3)) },
		"frames": func() Source {
			in, target, err := series.Forecast(2)
			if err != nil {
				t.Fatal(err)
			}
			return must(NewFrames(in, target, 3, 4))
		},
		"labelled": func() Source {
			return must(NewSequences(labelled, SequencesConfig{Streams: 4, Shuffle: true, Seed: 1, Pool: 3}))
		},
		"tagged":          func() Source { return must(NewSequences(tagged, SequencesConfig{Streams: 5, Shuffle: true, Seed: 2})) },
		"frame sequences": func() Source { return must(NewSequences(frames, SequencesConfig{Streams: 6, Pool: 2})) },
	}
}

// batch prints what Next gives, or the end of an epoch.
func batch(t *testing.T, s Source, b *nn.Batch[float32]) string {
	t.Helper()
	if err := s.Next(b); err != nil {
		if errors.Is(err, io.EOF) {
			return "end"
		}
		t.Fatal(err)
	}
	return fmt.Sprintf("%+v", *b)
}

// A batch that was kept for later is the same after the position was saved and
// restored, in a new source and with dirty memory.
func TestPositionGivesTheSameBatches(t *testing.T) {
	for name, make := range sources(t) {
		s := make()
		var positions []Position
		var want []string
		var b nn.Batch[float32]
		for range 3*s.Batches() + 3 {
			positions = append(positions, s.Position())
			want = append(want, batch(t, s, &b))
		}
		if ends := len(want) - len(slices.DeleteFunc(slices.Clone(want), func(s string) bool { return s == "end" })); ends != 3 {
			t.Errorf("%s: %d ends in three epochs", name, ends)
		}
		for i, p := range positions {
			resumed := make()
			if err := resumed.Seek(p); err != nil {
				t.Fatal(err)
			}
			for j := i; j < min(i+3, len(want)); j++ {
				if got := batch(t, resumed, &b); got != want[j] {
					t.Fatalf("%s: from %+v on, batch %d is\n%s\nwant\n%s", name, p, j-i, got, want[j])
				}
			}
		}
		if err := s.Seek(Position{Batch: s.Batches() + 1}); err == nil {
			t.Errorf("%s: a position behind the end is accepted", name)
		}
	}
}

func TestTextIsContiguous(t *testing.T) {
	s := sources(t)["text"]()
	var b nn.Batch[float32]
	streams := make([][]int32, 4)
	for i := range s.Batches() {
		if err := s.Next(&b); err != nil {
			t.Fatal(err)
		}
		if b.Carry != (i > 0) {
			t.Errorf("batch %d: carry %t", i, b.Carry)
		}
		for j, class := range b.Input.Index {
			streams[j%4] = append(streams[j%4], class)
			if b.Target.Index[j] != class+1 {
				t.Errorf("batch %d: the target of %d is %d", i, class, b.Target.Index[j])
			}
		}
	}
	for i, stream := range streams {
		// 46 tokens have a next one: 11 a stream, two left out.
		if len(stream) != 11 || stream[0] != int32(11*i) || stream[10] != int32(11*i+10) {
			t.Errorf("stream %d: %v", i, stream)
		}
	}
}

func TestSequencesShowEveryExampleOnce(t *testing.T) {
	for _, name := range []string{"labelled", "tagged"} {
		s := sources(t)[name]()
		orders := map[string]bool{}
		for range 2 {
			var b nn.Batch[float32]
			var seen []int32
			for s.Next(&b) == nil {
				for i := range b.Input.Streams {
					id := b.Input.Index[i] / 100
					seen = append(seen, id)
					length := int(b.Input.Lengths[i])
					if want := 1 + int(id)*7%5; length != want {
						t.Fatalf("%s: example %d has length %d, want %d", name, id, length, want)
					}
					for step := range b.Target.Steps {
						want := id
						if name == "tagged" {
							want = nn.Ignore
							if step < length {
								want = 100*id + int32(step)
							}
						}
						if got := b.Target.Index[step*b.Target.Streams+i]; got != want {
							t.Fatalf("%s: example %d step %d: target %d, want %d", name, id, step, got, want)
						}
					}
				}
			}
			orders[fmt.Sprint(seen)] = true
			slices.Sort(seen)
			for i, id := range seen {
				if int(id) != i {
					t.Fatalf("%s: examples %v", name, seen)
				}
			}
			if len(seen) != 47 {
				t.Fatalf("%s: %d examples, want 47", name, len(seen))
			}
		}
		if len(orders) != 2 {
			t.Errorf("%s: two epochs have the same order", name)
		}
	}
}

func TestVocabulary(t *testing.T) {
	text := "aaa bb\xffé é\xff\xff"
	for _, tc := range []struct {
		unit  Unit
		limit int
		want  string
	}{
		// Counts: a 3, \xff 3, b 2, space 2, \xc3 2, \xa9 2.
		{Byte, 0, `["<unk>" "a" "\xff" " " "b" "\xa9" "\xc3"]`},
		{Byte, 3, `["<unk>" "a" "\xff"]`},
		{Rune, 0, `["<unk>" "a" "\xff" " " "b" "é"]`},
	} {
		v, err := BuildVocabulary(tc.unit.Count(text), tc.limit)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%q", v.units); got != tc.want {
			t.Errorf("%v, limit %d: %s, want %s", tc.unit, tc.limit, got, tc.want)
		}
		saved, _ := v.MarshalText()
		var read Vocabulary
		if err := read.UnmarshalText(saved); err != nil || !slices.Equal(read.units, v.units) {
			t.Errorf("read back as %q, error %v", read.units, err)
		}
		var decoded strings.Builder
		for _, class := range tc.unit.Encode(v, text) {
			decoded.WriteString(v.Unit(class))
		}
		if (tc.limit == 0) != (decoded.String() == text) {
			t.Errorf("%v, limit %d: decoded as %q", tc.unit, tc.limit, decoded.String())
		}
		if v.Class("x") != 0 || v.Unit(-1) != Unknown || v.Unit(int32(v.Size())) != Unknown {
			t.Error("what is not there is not Unknown")
		}
	}
	if _, err := NewVocabulary([]string{"a", "a"}); err == nil {
		t.Error("a unit twice is accepted")
	}
	if err := new(Vocabulary).UnmarshalText([]byte("\"a\"\nb\n")); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("unquoted unit: %v", err)
	}
	if _, err := BuildVocabulary(nil, 1); err == nil {
		t.Error("a vocabulary of one class is accepted")
	}
}

func TestSplit(t *testing.T) {
	text := strings.Repeat("éa", 100)
	train, valid, test, err := Split{Train: 100. / 300, Valid: 102. / 300}.Text(text)
	if err != nil {
		t.Fatal(err)
	}
	if train+valid+test != text || len(train) != 99 || len(valid) != 102 {
		t.Errorf("parts of %d, %d, %d bytes", len(train), len(valid), len(test))
	}
	for _, part := range []string{train, valid, test} {
		if strings.ToValidUTF8(part, "?") != part {
			t.Errorf("a character is cut")
		}
	}
	items := make([]int, 100)
	for i := range items {
		items[i] = i
	}
	a, b, c, err := Shuffled(Split{}, items, 3)
	if err != nil || len(a) != 80 || len(b) != 10 || len(c) != 10 {
		t.Fatalf("parts of %d, %d, %d, error %v", len(a), len(b), len(c), err)
	}
	again, _, _, _ := Shuffled(Split{}, items, 3)
	other, _, _, _ := Shuffled(Split{}, items, 4)
	if !slices.Equal(a, again) || slices.Equal(a, other) {
		t.Error("the shuffle is not a function of the seed")
	}
	if all := slices.Sorted(slices.Values(slices.Concat(a, b, c))); !slices.Equal(all, items) {
		t.Error("the parts are not the whole")
	}
	for _, s := range []Split{{Train: 0.9, Valid: 0.2}, {Valid: 1}, {Train: math.NaN(), Valid: 0.1}} {
		if _, _, _, err := s.Text("x"); err == nil {
			t.Errorf("%+v is accepted", s)
		}
	}
}

func TestReaders(t *testing.T) {
	items, err := ReadLabelled(strings.NewReader("Greek\tΠa\r\n\nArabic\tNader\n"), "n.tsv")
	if err != nil || fmt.Sprint(items) != "[{Greek Πa} {Arabic Nader}]" || fmt.Sprint(LabelsOf(items)) != "[Arabic Greek]" {
		t.Errorf("%v, error %v", items, err)
	}
	v, _ := BuildVocabulary(Rune.Count("Nader"), 0)
	d, err := LabelledDataset(items, Rune, v, LabelsOf(items))
	if err != nil || d.Examples[0].Classes[0] != 1 || len(d.Examples[0].Index) != 2 || d.Examples[0].Index[0] != 0 {
		t.Errorf("%+v, error %v", d, err)
	}
	if _, err := LabelledDataset(items, Rune, v, []string{"Arabic"}); err == nil || !strings.Contains(err.Error(), `label "Greek"`) {
		t.Errorf("unknown label: %v", err)
	}

	sentences, err := ReadTagged(strings.NewReader("From\tADP\n\n\nWhat\tPRON\nif\tSCONJ"), "t.tsv")
	if err != nil || fmt.Sprint(sentences) != "[{[From] [ADP]} {[What if] [PRON SCONJ]}]" {
		t.Errorf("%v, error %v", sentences, err)
	}
	if _, err := TaggedDataset(sentences, v, []string{"ADP"}); err == nil || !strings.Contains(err.Error(), `"What": tag "PRON"`) {
		t.Errorf("unknown tag: %v", err)
	}

	series, err := ReadSeries(strings.NewReader("t,v\n1,2\n3,4\n\n5,6\n"), "s.csv")
	if err != nil || len(series) != 2 || series[0].Len() != 2 || series[1].Values[1] != 6 || series[1].Columns[1] != "v" {
		t.Errorf("%+v, error %v", series, err)
	}

	for _, tc := range []struct {
		read func(io.Reader) error
		text string
		want string
	}{
		{func(r io.Reader) error { _, err := ReadLabelled(r, "n.tsv"); return err }, "a\tb\nc\n", `n.tsv:2: "c", want label, tab, text`},
		{func(r io.Reader) error { _, err := ReadTagged(r, "t.tsv"); return err }, "a\tb\nc\t\n", `t.tsv:2: "c\t", want word, tab, tag`},
		{func(r io.Reader) error { _, err := ReadSeries(r, "s.csv"); return err }, "1,2\n3\n", "s.csv:2: 1 columns, want 2"},
		{func(r io.Reader) error { _, err := ReadSeries(r, "s.csv"); return err }, "1,2\n3,x\n", `s.csv:2: column 2: "x"`},
		{func(r io.Reader) error { _, err := ReadSeries(r, "s.csv"); return err }, "1\tNaN\n", "s.csv:1: column 2: \"NaN\", want a finite number"},
		{func(r io.Reader) error { _, err := ReadSeries(r, "s.csv"); return err }, "1,1e99\n", "s.csv:1: column 2"},
		{func(r io.Reader) error { _, err := ReadSeries(r, "s.csv"); return err }, "a,b\n", "s.csv: no frames"},
	} {
		if err := tc.read(strings.NewReader(tc.text)); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%q: error %v, want %q", tc.text, err, tc.want)
		}
	}
}

func TestSeries(t *testing.T) {
	s := &Series{Columns: []string{"a", "b", "c"}, Width: 3, Values: []float32{1, 5, 2, 3, 5, 4}}
	got, err := s.Select(2, 0)
	if err != nil || fmt.Sprint(*got) != "{[c a] 2 [2 1 4 3]}" {
		t.Errorf("%v, error %v", got, err)
	}
	if _, err := s.Select(3); err == nil {
		t.Error("a column that is not there is accepted")
	}
	scaled := ScaleOf(s).Apply(s)
	if want := []float32{-1, 0, -1, 1, 0, 1}; !slices.Equal(scaled.Values, want) {
		t.Errorf("scaled %v, want %v", scaled.Values, want)
	}
	if _, _, err := s.Forecast(2); err == nil {
		t.Error("a horizon as long as the series is accepted")
	}
}

func TestSourcesThatCannotBe(t *testing.T) {
	for name, err := range map[string]error{
		"short text": second(NewText(make([]int32, 4), 4, 3)),
		"no steps":   second(NewText(make([]int32, 40), 4, 0)),
		"no set":     second(NewSequences(&Dataset{}, SequencesConfig{Streams: 1})),
		"empty":      second(NewSequences(&Dataset{Examples: []Example{{Classes: []int32{1}}}}, SequencesConfig{Streams: 1})),
		"classes":    second(NewSequences(&Dataset{PerStep: true, Examples: []Example{{Index: []int32{1, 2}, Classes: []int32{1}}}}, SequencesConfig{Streams: 1})),
		"streams":    second(NewSequences(&Dataset{Examples: []Example{{Index: []int32{1}, Classes: []int32{1}}}}, SequencesConfig{})),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func second[E any](_ E, err error) error { return err }

func TestGoSources(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		"src/b/x.go":            "package b\n",
		"src/a/x.go":            "package a\n",
		"src/a/x_test.go":       "test",
		"src/a/testdata/y.go":   "testdata",
		"src/cmd/go/main.go":    "command",
		"src/vendor/v/v.go":     "vendored",
		"src/a/table.go":        strings.Repeat("x", largestGoFile+1),
		"src/a/readme.txt":      "text",
		"src/b/vendor/w/w.go":   "vendored",
		"src/internal/cmd/z.go": "package cmd\n",
	} {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	// In the order of the hash of their paths: the same on every machine.
	const all = "package b\npackage cmd\npackage a\n"
	for limit, want := range map[int]string{0: all, 1000: all, 12: all[:12]} {
		if got, err := GoSources(root, limit); err != nil || got != want {
			t.Errorf("limit %d: %q, error %v, want %q", limit, got, err, want)
		}
	}
	if _, err := GoSources(t.TempDir(), 0); err == nil {
		t.Error("no sources, and no error")
	}
}
