package codegen

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/diff"
	"golang.org/x/tools/txtar"

	"github.com/sparsec/sparsec/ir/kernel"
)

var update = flag.Bool("update", false, "write the golden archives")

// TestGolden holds the text of packages against testdata; TestPackages runs
// packages of the same programs.
func TestGolden(t *testing.T) {
	rows := []struct {
		name    string
		program *kernel.Program
		options Options
	}{
		{"gru", gru(t, 4), Options{
			Package: "gru", Input: "00ff", Settings: []string{"-target", "avx2"},
			Generate: "go tool sparsec compile gru.ckpt", Tolerance: 1e-5,
		}},
		{"relu", reluGRU(t), Options{Package: "relu"}},
		{"tagger", tagger(t), Options{Package: "tagger"}},
	}
	// What is copied as it is, and what package asm pins itself, would only
	// make the archives long.
	skip := map[string]bool{
		"rt.go": true, "kernels_amd64.s": true, "weights.bin": true, "model_test.go": true, "pause_test.go": true,
		"fuzz_test.go": true, "bench_test.go": true, "step_test.go": true,
		"whole_test.go": true, "states_test.go": true, "kernels_amd64_test.go": true, "kernels_noasm_test.go": true,
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			archive := &txtar.Archive{Comment: []byte(r.program.String() + "\n")}
			for _, f := range emit(t, r.program, r.options) {
				if !skip[f.Name] {
					archive.Files = append(archive.Files, f)
				}
			}
			path := "testdata/" + r.name + ".txtar"
			got := txtar.Format(archive)
			if *update {
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if d := diff.Diff(path, want, "emitted", got); d != nil {
				t.Errorf("differs; -update writes it anew\n%s", d)
			}
		})
	}
}

// TestDeterministic emits from programs built anew and wants the same bytes.
func TestDeterministic(t *testing.T) {
	a := emit(t, talker(t), Options{Package: "m"})
	for range 5 {
		b := emit(t, talker(t), Options{Package: "m"})
		if len(a) != len(b) {
			t.Fatalf("%d files, then %d", len(a), len(b))
		}
		for i := range a {
			if a[i].Name != b[i].Name || !bytes.Equal(a[i].Data, b[i].Data) {
				t.Fatalf("file %s differs from %s", b[i].Name, a[i].Name)
			}
		}
	}
}

// TestManifest wants every file named in the manifest of doc.go, and owned.
func TestManifest(t *testing.T) {
	files := emit(t, reluGRU(t), Options{Package: "m"})
	if files[0].Name != ManifestFile {
		t.Fatalf("first file %s", files[0].Name)
	}
	m := ParseManifest(files[0].Data)
	if len(m) != len(files)-1 {
		t.Errorf("%d names in the manifest, %d other files", len(m), len(files)-1)
	}
	for _, f := range files[1:] {
		if _, ok := m[f.Name]; !ok || !m.Owns(f.Name, f.Data) {
			t.Errorf("%s: not in the manifest %v, or not owned", f.Name, m)
		}
		if !Generated(f.Data) && m.Owns(f.Name, append([]byte("x"), f.Data...)) {
			t.Errorf("%s: owned after a change", f.Name)
		}
	}
}

func TestEmitRefuses(t *testing.T) {
	p := reluGRU(t)
	good := Frame{Inputs: [][]float32{{1, 2}}, Indices: []int{0}, Outputs: [][]float64{make([]float64, 9)}}
	rows := []struct {
		name string
		o    Options
		want string
	}{
		{"keyword", Options{Package: "func"}, "package name"},
		{"main", Options{Package: "main"}, "package name"},
		{"test package", Options{Package: "m_test"}, "package name"},
		{"two lines", Options{Package: "m", Generate: "a\nb"}, "want one line"},
		{"tolerance", Options{Package: "m", Tolerance: -1}, "tolerance -1"},
		{"short input", Options{Package: "m", Vectors: Vectors{good, {Inputs: [][]float32{{1}}, Indices: []int{0}, Outputs: good.Outputs}}},
			`reference frame 1: input "x": 1 elements, want 2`},
		{"short output", Options{Package: "m", Vectors: Vectors{{Inputs: good.Inputs, Indices: []int{0}, Outputs: [][]float64{{1}}}}},
			`output "h": 1 elements, want 9`},
		{"no ports", Options{Package: "m", Vectors: Vectors{{}}}, "0 inputs"},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			if _, err := Emit(p, r.o); err == nil || !bytes.Contains([]byte(err.Error()), []byte(r.want)) {
				t.Errorf("error %v, want one with %q", err, r.want)
			}
		})
	}
	if _, err := Emit(p, Options{Package: "m", Vectors: Vectors{good}}); err != nil {
		t.Error(err)
	}
	b := newBuilder(t, "clock", 4)
	h := b.state("h", 3, -1)
	b.layer("tick", "tanh", kernel.Activate{Func: kernel.Tanh, Dst: h, Src: h, Size: 3})
	b.output("h", h, 3)
	if _, err := Emit(b.program(), Options{Package: "m"}); err == nil || !strings.Contains(err.Error(), "no input") {
		t.Errorf("a program without inputs: error %v", err)
	}
	p.Layers = nil
	if _, err := Emit(p, Options{Package: "m"}); err == nil {
		t.Error("emitted a program that Verify refuses")
	}
}
