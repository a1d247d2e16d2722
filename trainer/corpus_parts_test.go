package trainer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSmallParts: a part that cannot be scored is found when the data are read,
// with its size and the file; before, it was after the first epoch.
func TestSmallParts(t *testing.T) {
	for _, row := range []struct {
		name, text string
		data       DataConfig
		want       string // of the error, behind the file; empty for none
	}{
		{"no validation", "abcdefghij", DataConfig{Train: 0.85, Valid: 0.1, Task: Text}, ": valid part: 1 characters for a share of 0.1, want at least 2"},
		{"no test", "abcdefghijabcdefghij", DataConfig{Train: 0.8, Valid: 0.15, Task: Text}, ": test part: 1 characters for a share of 0.05, want at least 2"},
		{"no test is wanted", "abcdefghijabcdefghij", DataConfig{Train: 0.7, Valid: 0.3, Task: Text}, ""},
		{"all parts", "abcdefghijabcdefghij", DataConfig{Train: 0.7, Valid: 0.15, Task: Text}, ""},
		{"no validation of classes", "a\tx\nb\ty\nc\tz\n", DataConfig{Train: 0.9, Valid: 0.05, Task: Class}, ": valid part: 0 sequences for a share of 0.05, want at least 1"},
		{"no frames", "1\n2\n3\n4\n5\n6\n", DataConfig{Train: 0.7, Valid: 0.1, Task: Frames}, ": valid part: 0 "},
	} {
		path := filepath.Join(t.TempDir(), "data")
		if err := os.WriteFile(path, []byte(row.text), 0o600); err != nil {
			t.Fatal(err)
		}
		row.data.Paths = []string{path}
		_, err := LoadCorpus(row.data, 0)
		if row.want == "" && err != nil || row.want != "" && (err == nil || !strings.Contains(err.Error(), path+row.want)) {
			t.Errorf("%s: error %v, want %q", row.name, err, row.want)
		}
	}
}
