package trainer

import "testing"

// TestPartsOfTheirOwn: files of a part are all of it, and of no other.
func TestPartsOfTheirOwn(t *testing.T) {
	c := DataConfig{Task: Tag, Paths: []string{corpusFile(t, Tag)}, ValidPaths: []string{corpusFile(t, Tag)}, TestPaths: []string{corpusFile(t, Tag)}}
	corpus, err := LoadCorpus(c, 1)
	if err != nil {
		t.Fatal(err)
	}
	for p := Train; p <= Test; p++ {
		if n := corpus.Len(p); n != 300 {
			t.Errorf("%s part: %d sentences, want all 300 of its file", p, n)
		}
	}
	c.ValidPaths = nil
	if corpus, err = LoadCorpus(c, 1); err != nil {
		t.Fatal(err)
	}
	if train, valid, test := corpus.Len(Train), corpus.Len(Valid), corpus.Len(Test); train != 270 || valid != 30 || test != 300 {
		t.Errorf("%d, %d and %d sentences, want 270, 30 and 300", train, valid, test)
	}
}
