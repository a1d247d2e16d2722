package trainer

import (
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/sparsec/sparsec/ir/sparse"
)

// stripes writes images of 4×5 of which the class is the row with ink in it.
func stripes(t *testing.T, dir, name string, n int, seed uint64) []string {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 0))
	images, labels := []byte{0, 0, 8, 3}, []byte{0, 0, 8, 1}
	for _, size := range []int{n, 4, 5} {
		images = binary.BigEndian.AppendUint32(images, uint32(size))
	}
	labels = binary.BigEndian.AppendUint32(labels, uint32(n))
	for range n {
		class := r.IntN(4)
		labels = append(labels, byte(class))
		for row := range 4 {
			for range 5 {
				ink := r.IntN(60)
				if row == class {
					ink += 190
				}
				images = append(images, byte(ink))
			}
		}
	}
	var paths []string
	for file, content := range map[string][]byte{"images-idx3": images, "labels-idx1": labels} {
		path := filepath.Join(dir, name+"-"+file+"-ubyte")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

// TestImages: the class of an image is learnt from its rows, the test part is that
// of the files, and the model compiles to steps of a row.
func TestImages(t *testing.T) {
	dir := t.TempDir()
	paths := append(stripes(t, dir, "train", 400, 1), stripes(t, dir, "t10k", 60, 2)...)
	c := tiny(t, Text)
	c.Data = DataConfig{Task: Image, Paths: paths}
	c.Pruning = PruningConfig{Density: 0.4, Pattern: sparse.Pattern{Kind: sparse.KindLane, R: 4, C: 4}}
	corpus, err := LoadCorpus(c.Data, 0)
	if err != nil {
		t.Fatal(err)
	}
	if corpus.Len(Train) != 360 || corpus.Len(Valid) != 40 || corpus.Len(Test) != 60 || corpus.Outputs != 4 {
		t.Errorf("parts of %d, %d and %d images of %d classes, want 360, 40 and 60 of 4", corpus.Len(Train), corpus.Len(Valid), corpus.Len(Test), corpus.Outputs)
	}
	r := run(t, c, Options{})
	if r.Test == nil || r.Test.Metric != Accuracy || r.Test.Value < 0.95 {
		t.Errorf("test %v, want at least 95 %% correct", r.Test)
	}
	m, err := ReadMeta(r.Meta)
	if err != nil || m.Task != Image || len(m.Labels) != 4 {
		t.Errorf("metadata %+v, %v, want four labels of images", m, err)
	}
	again, err := Evaluate(t.Context(), r.Model, corpus, Test, 8)
	if err != nil || again.Value != r.Test.Value {
		t.Errorf("evaluated: %v, %v, want %v", again, err, r.Test)
	}
	c.Data.Limit, c.Data.Paths = 100, stripes(t, t.TempDir(), "all", 400, 3)
	if corpus, err = LoadCorpus(c.Data, 0); err != nil || corpus.Len(Train) != 80 || corpus.Len(Test) != 10 {
		t.Errorf("without a file of the test: %v, want 80 of 100 to train on", err)
	}
}
