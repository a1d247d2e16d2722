package data

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// largestGoFile leaves out files that are tables rather than program text.
const largestGoFile = 64 << 10

// GoSources returns the Go files of the standard library under root, a GOROOT,
// one behind the other in the order of their paths, cut after limit bytes; 0
// sets no limit. Tests, testdata, vendored code, commands and files larger than
// 64 KiB are left out.
func GoSources(root string, limit int) (string, error) {
	var text strings.Builder
	src := filepath.Join(root, "src")
	err := fs.WalkDir(os.DirFS(src), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if skippedGoDir(name) {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || !entry.Type().IsRegular() {
			return nil
		}
		if err := appendGoFile(&text, src, name); err != nil {
			return err
		}
		if limit > 0 && text.Len() >= limit {
			return fs.SkipAll
		}
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("sources of Go under %s: %w", src, err)
	}
	if text.Len() == 0 {
		return "", fmt.Errorf("sources of Go under %s: %w", src, errors.New("none found"))
	}
	if limit > 0 && text.Len() > limit {
		return text.String()[:limit], nil
	}
	return text.String(), nil
}

func skippedGoDir(name string) bool {
	base := path.Base(name)
	return base == "testdata" || base == "vendor" || name == "cmd"
}

func appendGoFile(text *strings.Builder, src, name string) error {
	file, err := os.ReadFile(filepath.Join(src, filepath.FromSlash(name)))
	if err != nil {
		return err
	}
	if len(file) <= largestGoFile {
		text.Write(file)
	}
	return nil
}
