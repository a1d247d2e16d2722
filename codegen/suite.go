package codegen

import (
	"bytes"
	"embed"
	"fmt"

	"golang.org/x/tools/txtar"
)

//go:embed _suite/*.go
var suiteSource embed.FS

// suiteClause is the package clause of the copied tests.
const suiteClause = "\npackage model\n"

// suiteFiles are the tests that are the same in every package, under its
// package clause.
func (e *emitter) suiteFiles() ([]txtar.File, error) {
	entries, err := suiteSource.ReadDir("_suite")
	if err != nil {
		return nil, err
	}
	var files []txtar.File
	for _, entry := range entries {
		text, err := suiteSource.ReadFile("_suite/" + entry.Name())
		if err != nil {
			return nil, err
		}
		if !Generated(text) || !bytes.Contains(text, []byte(suiteClause)) {
			return nil, fmt.Errorf("_suite/%s: want the generated header and %q", entry.Name(), suiteClause)
		}
		text = bytes.Replace(text, []byte(suiteClause), []byte("\npackage "+e.o.Package+"\n"), 1)
		files = append(files, txtar.File{Name: entry.Name(), Data: e.withHeader(text)})
	}
	return files, nil
}
