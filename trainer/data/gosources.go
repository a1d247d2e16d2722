package data

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// largestGoFile leaves out files that are tables rather than program text.
const largestGoFile = 64 << 10

// GoSources returns the Go files of the standard library under root, a GOROOT,
// one behind the other, cut after limit bytes; 0 sets no limit. Tests, testdata,
// vendored code, commands and files larger than 64 KiB are left out.
//
// The files come in the order of a hash of their paths, so that any stretch of
// the text is a sample of the whole library: in the order of the paths, the last
// tenth would be little but the tables of unicode.
func GoSources(root string, limit int) (string, error) {
	src := filepath.Join(root, "src")
	names, err := goFiles(os.DirFS(src))
	if err != nil {
		return "", fmt.Errorf("sources of Go under %s: %w", src, err)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(pathHash(a), pathHash(b)), cmp.Compare(a, b))
	})
	var text strings.Builder
	for _, name := range names {
		if err := appendGoFile(&text, src, name); err != nil {
			return "", fmt.Errorf("sources of Go under %s: %w", src, err)
		}
		if limit > 0 && text.Len() >= limit {
			return text.String()[:limit], nil
		}
	}
	if text.Len() == 0 {
		return "", fmt.Errorf("sources of Go under %s: none found", src)
	}
	return text.String(), nil
}

// goFiles lists the program text below src.
func goFiles(src fs.FS) ([]string, error) {
	var names []string
	err := fs.WalkDir(src, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && skippedGoDir(name):
			return fs.SkipDir
		case strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") && entry.Type().IsRegular():
			names = append(names, name)
		}
		return nil
	})
	return names, err
}

func pathHash(name string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(name))
	return h.Sum64()
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
