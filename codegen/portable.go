package codegen

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"go/types"
	"sort"
	"strings"
)

//go:embed rt/*.go
var rtSource embed.FS

// portableFile is rt.go: the declarations of codegen/rt that the other files
// refer to, and those that these refer to.
func (e *emitter) portableFile() ([]byte, error) {
	lib, err := loadLibrary()
	if err != nil {
		return nil, err
	}
	needed, imports, err := lib.closure(e.rt)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\n\npackage %s\n\n", strings.Join(e.header(), "\n"), e.o.Package)
	if len(imports) > 0 {
		b.WriteString("import (\n")
		for _, path := range imports {
			fmt.Fprintf(&b, "%q\n", path)
		}
		b.WriteString(")\n")
	}
	for _, d := range needed {
		fmt.Fprintf(&b, "\n%s\n", d.text)
	}
	return format.Source(b.Bytes())
}

// library is the parsed source of the portable kernels.
type library struct {
	declarations []*declaration // by file and position
	byName       map[string]*declaration
}

// declaration is one declaration of a file, with its comment.
type declaration struct {
	text    string
	uses    map[*declaration]bool
	imports map[string]bool
}

// loadLibrary reads the embedded files and finds what each declaration refers
// to. Types are checked without the standard library: names of this package
// are resolved all the same.
func loadLibrary() (*library, error) {
	entries, err := rtSource.ReadDir("rt")
	if err != nil {
		return nil, err
	}
	set := token.NewFileSet()
	var files []*ast.File
	var texts [][]byte
	for _, entry := range entries {
		if strings.HasSuffix(entry.Name(), "_test.go") {
			continue
		}
		text, err := rtSource.ReadFile("rt/" + entry.Name())
		if err != nil {
			return nil, err
		}
		file, err := parser.ParseFile(set, entry.Name(), text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files, texts = append(files, file), append(texts, text)
	}
	info := &types.Info{Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}}
	config := types.Config{Error: func(error) {}, Importer: noImporter{}}
	pkg, _ := config.Check("rt", set, files, info)

	lib := &library{byName: map[string]*declaration{}}
	nodes := map[*declaration]ast.Decl{}
	for i, file := range files {
		for _, node := range file.Decls {
			if g, ok := node.(*ast.GenDecl); ok && g.Tok == token.IMPORT {
				continue
			}
			d := &declaration{text: text(set, node, texts[i]), uses: map[*declaration]bool{}, imports: map[string]bool{}}
			lib.declarations = append(lib.declarations, d)
			nodes[d] = node
			for _, name := range declared(node) {
				lib.byName[name] = d
			}
		}
	}
	for _, d := range lib.declarations {
		if typ := receiver(nodes[d]); typ != "" {
			lib.byName[typ].uses[d] = true // whoever needs a type needs its methods
		}
		ast.Inspect(nodes[d], func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				switch o := info.Uses[id].(type) {
				case nil:
				case *types.PkgName:
					d.imports[o.Imported().Path()] = true
				default:
					if o.Parent() == pkg.Scope() {
						d.uses[lib.byName[o.Name()]] = true
					}
				}
			}
			return true
		})
	}
	return lib, nil
}

type noImporter struct{}

func (noImporter) Import(string) (*types.Package, error) {
	return nil, errors.New("the standard library is not looked at")
}

// text is the source of a declaration from its comment to the end of its last
// line.
func text(set *token.FileSet, node ast.Decl, source []byte) string {
	from := node.Pos()
	switch d := node.(type) {
	case *ast.FuncDecl:
		if d.Doc != nil {
			from = d.Doc.Pos()
		}
	case *ast.GenDecl:
		if d.Doc != nil {
			from = d.Doc.Pos()
		}
	}
	end := set.Position(node.End()).Offset
	if n := bytes.IndexByte(source[end:], '\n'); n >= 0 {
		end += n
	}
	return string(source[set.Position(from).Offset:end])
}

// declared are the names that a declaration adds to the package; a method
// belongs to its receiver's type and has none.
func declared(node ast.Decl) []string {
	switch d := node.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			return []string{d.Name.Name}
		}
	case *ast.GenDecl:
		var names []string
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				names = append(names, s.Name.Name)
			case *ast.ValueSpec:
				for _, id := range s.Names {
					names = append(names, id.Name)
				}
			}
		}
		return names
	}
	return nil
}

// receiver is the name of the type that a declaration is a method of; empty where
// it is none.
func receiver(node ast.Decl) string {
	d, ok := node.(*ast.FuncDecl)
	if !ok || d.Recv == nil {
		return ""
	}
	typ := d.Recv.List[0].Type
	if pointer, ok := typ.(*ast.StarExpr); ok {
		typ = pointer.X
	}
	if generic, ok := typ.(*ast.IndexExpr); ok {
		typ = generic.X
	}
	return typ.(*ast.Ident).Name
}

// closure is what is needed for the roots, in the order of the library, and
// the sorted imports of that.
func (l *library) closure(roots map[string]bool) ([]*declaration, []string, error) {
	seen := map[*declaration]bool{}
	var visit func(d *declaration)
	visit = func(d *declaration) {
		if !seen[d] {
			seen[d] = true
			for used := range d.uses {
				visit(used)
			}
		}
	}
	for name := range roots {
		d := l.byName[name]
		if d == nil {
			return nil, nil, fmt.Errorf("codegen/rt declares no %s", name)
		}
		visit(d)
	}
	var needed []*declaration
	paths := map[string]bool{}
	for _, d := range l.declarations {
		if seen[d] {
			needed = append(needed, d)
			for path := range d.imports {
				paths[path] = true
			}
		}
	}
	var imports []string
	for path := range paths {
		imports = append(imports, path)
	}
	sort.Strings(imports)
	return needed, imports, nil
}
