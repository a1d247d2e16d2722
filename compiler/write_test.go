package compiler

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/sparsec/sparsec/codegen"
	"github.com/sparsec/sparsec/ir"
)

// parcel is a package of text files, each with the header, and of one binary.
func parcel(body string, binary string, names ...string) []txtar.File {
	var files []txtar.File
	manifest := codegen.Header + "\n\n"
	for _, n := range names {
		files = append(files, txtar.File{Name: n, Data: []byte(codegen.Header + "\n\n" + body + "\n")})
		manifest += "//sparsec:file " + n + "\n"
	}
	files = append(files, txtar.File{Name: "data/w.bin", Data: []byte(binary)})
	manifest += "//sparsec:file data/w.bin " + codegen.Sum([]byte(binary)) + "\n\npackage m\n"
	return append(files, txtar.File{Name: "doc.go", Data: []byte(manifest)})
}

// tree lists path=content of everything below dir.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var list []string
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		if !d.IsDir() {
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			name += "=" + string(content)
		}
		list = append(list, name)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	sort.Strings(list)
	return strings.Join(list, "\n")
}

func write(t *testing.T, dir string, files []txtar.File) {
	t.Helper()
	if err := Write(context.Background(), dir, files); err != nil {
		t.Fatal(err)
	}
}

func has(t *testing.T, dir, name string) bool {
	t.Helper()
	_, err := os.Lstat(filepath.Join(dir, name))
	return err == nil
}

func TestWriteNewFolder(t *testing.T) {
	base := t.TempDir()
	write(t, filepath.Join(base, "a", "b"), parcel("one", "\x00bin", "x.go", "sub/y.go"))
	got := tree(t, base)
	for _, want := range []string{"a/b/x.go=", "a/b/sub/y.go=", "a/b/data/w.bin=\x00bin"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, ".sparsec") {
		t.Errorf("stage left behind:\n%s", got)
	}
}

func TestWriteReplacesItsOwn(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "mine.go"), []byte("package m\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	write(t, dir, parcel("one", "\x00one", "x.go", "old/stale.go"))
	write(t, dir, parcel("two", "\x00two", "x.go", "z.go"))
	got := tree(t, dir)
	for _, want := range []string{"two", "mine.go=package m", "data/w.bin=\x00two", "z.go="} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "one") || has(t, dir, "old") || strings.Contains(got, ".sparsec") {
		t.Errorf("something stale is left:\n%s", got)
	}
}

func TestWriteRefusesForeign(t *testing.T) {
	rows := []struct{ name, file string }{
		{"text without header", "x.go"},
		{"binary that no manifest lists", "data/w.bin"},
		{"doc without header", "doc.go"},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, filepath.FromSlash(r.file))
			os.MkdirAll(filepath.Dir(path), 0o755)
			os.WriteFile(path, []byte("hand made"), 0o644)
			before := tree(t, dir)
			err := Write(context.Background(), dir, parcel("one", "\x00bin", "x.go"))
			if err == nil || !strings.Contains(err.Error(), r.file+": not written by sparsec") {
				t.Errorf("error %v", err)
			}
			if after := tree(t, dir); after != before {
				t.Errorf("changed:\n%s", after)
			}
			if _, err := Check(dir, parcel("one", "\x00bin", "x.go")); err == nil {
				t.Error("Check does not refuse")
			}
		})
	}
}

// A binary that was changed by hand since is no longer ours: neither replaced
// nor removed as stale.
func TestWriteKeepsChangedBinary(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, parcel("one", "\x00bin", "x.go"))
	path := filepath.Join(dir, "data", "w.bin")
	os.WriteFile(path, []byte("\x00changed"), 0o644)
	if err := Write(context.Background(), dir, parcel("one", "\x00new", "x.go")); err == nil {
		t.Error("replaced a changed binary")
	}
	doc := []txtar.File{{Name: "doc.go", Data: []byte(codegen.Header + "\n\npackage m\n")}}
	write(t, dir, doc)
	if !has(t, dir, "data/w.bin") || has(t, dir, "x.go") {
		t.Errorf("want the changed binary kept, the stale x.go gone:\n%s", tree(t, dir))
	}
}

func TestWriteCancelled(t *testing.T) {
	base := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := Write(ctx, filepath.Join(base, "a", "b"), parcel("one", "\x00bin", "x.go")); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if got := tree(t, base); got != "" {
		t.Errorf("left behind:\n%s", got)
	}
}

// A folder stands where the last file must go: what was moved before it is
// moved back.
func TestWriteUndo(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, parcel("one", "\x00one", "a.go"))
	before := tree(t, dir)
	m := mover{dir: dir, fresh: t.TempDir(), old: filepath.Join(t.TempDir(), "old")}
	os.WriteFile(filepath.Join(m.fresh, "a.go"), []byte("two"), 0o644)
	os.WriteFile(filepath.Join(m.fresh, "n.go"), []byte("two"), 0o644)
	todo := &changes{
		changed: []txtar.File{{Name: "a.go"}, {Name: "sub/n.go"}},
		disk:    map[string][]byte{"a.go": nil},
	}
	if err := m.all(todo); err == nil {
		t.Fatal("moved a file that is not there")
	}
	if err := m.undo(); err != nil {
		t.Fatal(err)
	}
	if after := tree(t, dir); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}

func TestWriteFaultyNames(t *testing.T) {
	for _, files := range [][]txtar.File{
		{{Name: "../x.go"}}, {{Name: "/x.go"}}, {{Name: "."}}, {{Name: "x.go"}, {Name: "x.go"}},
	} {
		if err := Write(context.Background(), t.TempDir(), files); err == nil {
			t.Errorf("%v: written", files)
		}
	}
	dir := t.TempDir()
	os.Symlink("/dev/null", filepath.Join(dir, "x.go"))
	if err := Write(context.Background(), dir, parcel("one", "", "x.go")); err == nil || !strings.Contains(err.Error(), "no regular file") {
		t.Errorf("symbolic link: error %v", err)
	}
}

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, parcel("one", "\x00one", "x.go", "stale.go"))
	before := tree(t, dir)
	if d, err := Check(dir, parcel("one", "\x00one", "x.go", "stale.go")); err != nil || d != nil {
		t.Errorf("fresh: %v\n%s", err, d)
	}
	d, err := Check(dir, parcel("two", "\x00two!", "x.go", "n.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"-one\n+two", "+++ compiled/n.go", "binary file data/w.bin: 4 bytes on disk, 5 compiled", "only on disk: stale.go"} {
		if !strings.Contains(string(d), want) {
			t.Errorf("no %q in\n%s", want, d)
		}
	}
	if after := tree(t, dir); after != before {
		t.Errorf("Check changed\n%s", after)
	}
}

// A package that was really emitted goes to disk, is found fresh, and takes its
// reference vectors along when it is compiled without them.
func TestWriteCompiled(t *testing.T) {
	m := &ir.Model{
		Name:   "linear",
		Inputs: []ir.Input{{Name: "x", Type: ir.Vector(2)}},
		Params: []*ir.Param{{Name: "w", Shape: []int{1, 2}, Data: []float32{1, 2}}},
		Nodes:  []ir.Node{{Name: "y", Op: ir.Linear{Weight: "w"}, Inputs: []string{"x"}}}, Outputs: []string{"y"},
	}
	compiled := func(frames int) []txtar.File {
		p, err := Compile(context.Background(), m, Options{Package: "linear", Frames: frames})
		if err != nil {
			t.Fatal(err)
		}
		return p.Files
	}
	dir := t.TempDir()
	write(t, dir, compiled(3))
	if !has(t, dir, "testdata/vectors.bin") {
		t.Fatalf("no reference vectors:\n%s", tree(t, dir))
	}
	if d, err := Check(dir, compiled(3)); err != nil || d != nil {
		t.Errorf("fresh: %v\n%s", err, d)
	}
	if d, err := Check(dir, compiled(-1)); err != nil || !strings.Contains(string(d), "only on disk: testdata/vectors.bin") {
		t.Errorf("stale: %v\n%s", err, d)
	}
	write(t, dir, compiled(-1))
	if has(t, dir, "testdata") || !has(t, dir, "weights.bin") {
		t.Errorf("want testdata gone and weights.bin kept:\n%v", tree(t, dir))
	}
}
