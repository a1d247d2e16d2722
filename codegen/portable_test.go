package codegen

import (
	"slices"
	"strings"
	"testing"
)

// TestClosure wants just what a declaration needs, with its imports.
func TestClosure(t *testing.T) {
	lib, err := loadLibrary()
	if err != nil {
		t.Fatal(err)
	}
	rows := []struct {
		root    string
		has     []string // declarations
		hasNot  []string
		imports []string
	}{
		{"relu", []string{"func relu("}, []string{"func tanh", "const"}, nil},
		{"tanh", []string{"func tanh(", "func tanh1(", "func expReduced(", "expC2 ", "tanhOne = 10"}, []string{"func sigmoid", "func softmax"}, []string{"math"}},
		{"loadWeights", []string{"type section struct", "func swapSections("}, []string{"func weightsAt"}, []string{"encoding/binary", "unsafe"}},
	}
	for _, r := range rows {
		t.Run(r.root, func(t *testing.T) {
			needed, imports, err := lib.closure(map[string]bool{r.root: true})
			if err != nil {
				t.Fatal(err)
			}
			var all strings.Builder
			for _, d := range needed {
				all.WriteString(d.text + "\n")
			}
			for _, want := range r.has {
				if !strings.Contains(all.String(), want) {
					t.Errorf("lacks %q:\n%s", want, all.String())
				}
			}
			for _, not := range r.hasNot {
				if strings.Contains(all.String(), not) {
					t.Errorf("has %q:\n%s", not, all.String())
				}
			}
			if !slices.Equal(imports, r.imports) {
				t.Errorf("imports %v, want %v", imports, r.imports)
			}
		})
	}
	if _, _, err := lib.closure(map[string]bool{"absent": true}); err == nil {
		t.Error("closure of a name that is not declared")
	}
}
