package compiler

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	"golang.org/x/tools/txtar"

	"github.com/sparsec/sparsec/codegen"
)

// Write puts the files of a package into folder dir: all of them or none.
//
// It refuses to replace a file that a former Write did not leave there, which
// shows by the generated header or, in a file that has none, by its sum in the
// manifest of the package on disk. Files that the former package lists and the
// new one lacks are removed, unless they were changed since. Missing folders
// are made. Until all files lie complete beside their places nothing is moved;
// when a move fails or ctx ends before the first of them, what was there is
// there again.
func Write(ctx context.Context, dir string, files []txtar.File) error {
	if err := checkNames(files); err != nil {
		return err
	}
	todo, err := compare(dir, files)
	if err != nil {
		return err
	}
	if len(todo.foreign) > 0 {
		return foreignError(dir, todo.foreign)
	}
	if len(todo.changed)+len(todo.stale) == 0 {
		return ctx.Err()
	}
	return install(ctx, dir, todo)
}

// Check compares the files of a package with those in folder dir and returns
// what Write would change as a diff, nil when nothing. It fails where Write
// would refuse.
func Check(dir string, files []txtar.File) ([]byte, error) {
	if err := checkNames(files); err != nil {
		return nil, err
	}
	todo, err := compare(dir, files)
	if err != nil {
		return nil, err
	}
	if len(todo.foreign) > 0 {
		return nil, foreignError(dir, todo.foreign)
	}
	var out bytes.Buffer
	for _, f := range todo.changed {
		old := todo.disk[f.Name]
		if bytes.IndexByte(f.Data, 0) >= 0 || bytes.IndexByte(old, 0) >= 0 {
			fmt.Fprintf(&out, "binary file %s: %d bytes on disk, %d compiled, contents differ\n", f.Name, len(old), len(f.Data))
			continue
		}
		out.Write(diff.Diff("disk/"+f.Name, old, "compiled/"+f.Name, f.Data))
	}
	for _, name := range todo.stale {
		fmt.Fprintf(&out, "only on disk: %s\n", name)
	}
	return out.Bytes(), nil
}

func checkNames(files []txtar.File) error {
	seen := map[string]bool{}
	for _, f := range files {
		switch local, err := filepath.Localize(f.Name); {
		case err != nil || local == ".":
			return fmt.Errorf("file name %q: want a path inside the package's folder", f.Name)
		case seen[f.Name]:
			return fmt.Errorf("file name %q: occurs twice", f.Name)
		}
		seen[f.Name] = true
	}
	return nil
}

// changes is what separates a folder from the files that it should hold.
type changes struct {
	changed []txtar.File      // new or different
	stale   []string          // left by a former package
	foreign []string          // in the way and not ours
	disk    map[string][]byte // content of each file that is there
}

func compare(dir string, files []txtar.File) (*changes, error) {
	c := &changes{disk: map[string][]byte{}}
	manifest, err := c.readManifest(dir)
	if err != nil {
		return nil, err
	}
	wanted := map[string]bool{}
	for _, f := range files {
		wanted[f.Name] = true
		old, exists, err := c.read(dir, f.Name)
		switch {
		case err != nil:
			return nil, err
		case exists && bytes.Equal(old, f.Data):
			continue
		case exists && !manifest.Owns(f.Name, old):
			c.foreign = append(c.foreign, f.Name)
		}
		c.changed = append(c.changed, f)
	}
	for name := range manifest {
		if _, err := filepath.Localize(name); err != nil || wanted[name] {
			continue
		}
		old, exists, err := c.read(dir, name)
		if err != nil {
			return nil, err
		}
		if exists && manifest.Owns(name, old) {
			c.stale = append(c.stale, name)
		}
	}
	sort.Strings(c.stale)
	return c, nil
}

func (c *changes) readManifest(dir string) (codegen.Manifest, error) {
	content, _, err := c.read(dir, codegen.ManifestFile)
	return codegen.ParseManifest(content), err
}

// read returns the content of a regular file, and whether there is one.
func (c *changes) read(dir, name string) ([]byte, bool, error) {
	path := filepath.Join(dir, filepath.FromSlash(name))
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	if !info.Mode().IsRegular() {
		return nil, false, fmt.Errorf("%s: is no regular file", path)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, false, err
	}
	c.disk[name] = content
	return content, true, nil
}

func foreignError(dir string, names []string) error {
	return fmt.Errorf("%s: %s: not written by sparsec; move away what is yours, or choose another folder",
		dir, strings.Join(names, ", "))
}

// install stages the changed files and then moves them to their places.
func install(ctx context.Context, dir string, todo *changes) (err error) {
	root, rest, err := existing(dir)
	if err != nil {
		return err
	}
	stage, err := os.MkdirTemp(root, ".sparsec-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(stage)) }()

	fresh := filepath.Join(stage, "new")
	if err := os.Mkdir(fresh, 0o755); err != nil {
		return err
	}
	for _, f := range todo.changed {
		if err := ctx.Err(); err != nil {
			return err
		}
		path := filepath.Join(fresh, rest, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if rest != "" {
		// A new folder appears whole, by one rename.
		top, _, _ := strings.Cut(filepath.ToSlash(rest), "/")
		return os.Rename(filepath.Join(fresh, top), filepath.Join(root, top))
	}
	m := mover{dir: dir, fresh: fresh, old: filepath.Join(stage, "old")}
	if err := m.all(todo); err != nil {
		return errors.Join(err, m.undo())
	}
	return nil
}

// existing splits dir into the longest part that is there and the rest.
func existing(dir string) (root, rest string, err error) {
	root, err = filepath.Abs(dir)
	if err != nil {
		return "", "", err
	}
	for {
		info, err := os.Stat(root)
		switch {
		case err == nil && !info.IsDir():
			return "", "", fmt.Errorf("%s: is no folder", root)
		case err == nil:
			return root, rest, nil
		case !errors.Is(err, fs.ErrNotExist) || filepath.Dir(root) == root:
			return "", "", err
		}
		root, rest = filepath.Dir(root), filepath.Join(filepath.Base(root), rest)
	}
}

// mover exchanges files of a folder, remembering how to undo it.
type mover struct {
	dir, fresh, old string
	done            []func() error
}

func (m *mover) all(todo *changes) error {
	for _, f := range todo.changed {
		if _, there := todo.disk[f.Name]; there {
			if err := m.move(m.dir, m.old, f.Name); err != nil {
				return err
			}
		}
		if err := m.move(m.fresh, m.dir, f.Name); err != nil {
			return err
		}
	}
	for _, name := range todo.stale {
		if err := m.move(m.dir, m.old, name); err != nil {
			return err
		}
	}
	for _, name := range todo.stale {
		m.removeEmpty(filepath.Dir(filepath.FromSlash(name)))
	}
	return nil
}

// move renames a file from one folder to another, making folders on the way.
func (m *mover) move(from, to, name string) error {
	source := filepath.Join(from, filepath.FromSlash(name))
	target := filepath.Join(to, filepath.FromSlash(name))
	if err := m.makeFolder(filepath.Dir(target)); err != nil {
		return err
	}
	if err := os.Rename(source, target); err != nil {
		return err
	}
	m.done = append(m.done, func() error { return os.Rename(target, source) })
	return nil
}

func (m *mover) makeFolder(path string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	if err := m.makeFolder(filepath.Dir(path)); err != nil {
		return err
	}
	if err := os.Mkdir(path, 0o755); err != nil {
		return err
	}
	m.done = append(m.done, func() error { return os.Remove(path) })
	return nil
}

// removeEmpty removes folders that a stale file left empty; others stay, for
// os.Remove takes no folder that holds something.
func (m *mover) removeEmpty(sub string) {
	for ; sub != "."; sub = filepath.Dir(sub) {
		if os.Remove(filepath.Join(m.dir, sub)) != nil {
			return
		}
	}
}

func (m *mover) undo() error {
	var errs []error
	for i := len(m.done) - 1; i >= 0; i-- {
		errs = append(errs, m.done[i]())
	}
	return errors.Join(errs...)
}
