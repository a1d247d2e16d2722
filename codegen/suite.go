package codegen

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"path"

	"golang.org/x/tools/txtar"
)

//go:embed _suite/*.go _suite/step/*.go _suite/whole/*.go _suite/states/*.go _suite/batch/*.go _suite/workers/*.go
var suiteSource embed.FS

// suiteClause is the package clause of the copied files.
const suiteClause = "\npackage model\n"

// suiteFiles are the tests that are the same in every package, under its
// package clause.
func (e *emitter) suiteFiles() ([]txtar.File, error) {
	folders := []string{"_suite"}
	if e.whole() {
		folders = append(folders, "_suite/whole")
	} else {
		folders = append(folders, "_suite/step")
	}
	if len(Accessors(e.p)) > 0 {
		folders = append(folders, "_suite/states")
	}
	if e.batch != nil {
		folders = append(folders, "_suite/batch")
	}
	if e.o.Workers > 0 {
		folders = append(folders, "_suite/workers")
	}
	return e.copied(suiteSource, folders...)
}

// copied are the Go files of folders under the package's clause and header.
func (e *emitter) copied(from embed.FS, folders ...string) ([]txtar.File, error) {
	var files []txtar.File
	for _, folder := range folders {
		sources, err := fs.Glob(from, folder+"/*.go")
		if err != nil {
			return nil, err
		}
		for _, source := range sources {
			text, err := from.ReadFile(source)
			if err != nil {
				return nil, err
			}
			if !Generated(text) || !bytes.Contains(text, []byte(suiteClause)) {
				return nil, fmt.Errorf("%s: want the generated header and %q", source, suiteClause)
			}
			text = bytes.Replace(text, []byte(suiteClause), []byte("\npackage "+e.o.Package+"\n"), 1)
			files = append(files, txtar.File{Name: path.Base(source), Data: e.withHeader(text)})
		}
	}
	return files, nil
}
