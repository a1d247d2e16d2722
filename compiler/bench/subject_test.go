package bench

import (
	"runtime"
	"testing"

	"golang.org/x/tools/txtar"
)

// TestPortableFiles: of files of which a build has one or the other, a portable
// subject keeps the one that a build with the tag purego has on this system.
func TestPortableFiles(t *testing.T) {
	for constraint, want := range map[string]bool{
		"":                            true,
		"//go:build amd64 && !purego": false,
		"//go:build !amd64 || purego": true,
		"//go:build " + runtime.GOOS:  true,
		"//go:build !" + runtime.GOOS: false,
	} {
		f := txtar.File{Name: "f.go", Data: []byte("// Code generated.\n\n" + constraint + "\n\npackage m\n")}
		_, kept, err := asPurego(f)
		if err != nil || kept != want {
			t.Errorf("%q: kept %v, %v; want %v", constraint, kept, err, want)
		}
	}
}
