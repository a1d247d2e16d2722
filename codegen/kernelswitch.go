package codegen

import (
	"fmt"
	"go/parser"
	"go/token"
	"strings"

	"golang.org/x/tools/txtar"
)

// KernelSwitch returns files to be put beside those of an emitted package, in a
// copy of it: they export SetKernel, which makes all streams take the kernels of
// a name that [Kernel] returns, and reports whether the processor can.
func KernelSwitch(files []txtar.File) ([]txtar.File, error) {
	name := ""
	for _, f := range files {
		if f.Name == ManifestFile {
			parsed, err := parser.ParseFile(token.NewFileSet(), f.Name, f.Data, parser.PackageClauseOnly)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", f.Name, err)
			}
			name = parsed.Name.Name
		}
	}
	if name == "" {
		return nil, fmt.Errorf("the package has no %s", ManifestFile)
	}
	var out []txtar.File
	for file, text := range map[string]string{"kernelswitch_amd64.go": switchAMD64, "kernelswitch_noasm.go": switchNoasm} {
		out = append(out, txtar.File{Name: file, Data: []byte(strings.Replace(text, "package model", "package "+name, 1))})
	}
	sortFiles(out)
	return out, nil
}

const switchAMD64 = `//go:build amd64 && !purego

package model

// SetKernel makes all streams take the kernels of that name, as Kernel returns it.
func SetKernel(name string) bool {
	if name == levelGeneric.String() {
		level = levelGeneric
		return true
	}
	for _, l := range levels {
		if l.String() == name && usable(cpuid, xgetbv, l) {
			level = l
			return true
		}
	}
	return false
}
`

const switchNoasm = `//go:build !amd64 || purego

package model

// SetKernel reports whether name is that of the portable kernels.
func SetKernel(name string) bool { return name == Kernel() }
`
