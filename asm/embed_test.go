package asm

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"testing"
)

// TestNothingEmbedsFunc keeps the package quick to compile: for each type that
// embeds Func the compiler writes wrappers of all instructions, 39,000 symbols
// in 2 s.
func TestNothingEmbedsFunc(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	fset, structs := token.NewFileSet(), 0
	for _, name := range files {
		file, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			s, ok := n.(*ast.StructType)
			if !ok {
				return true
			}
			structs++
			for _, f := range s.Fields.List {
				if len(f.Names) == 0 && embedded(f.Type) == "Func" {
					t.Errorf("%s: a struct embeds Func, want it in a field", fset.Position(f.Pos()))
				}
			}
			return true
		})
	}
	if structs == 0 {
		t.Error("no struct types found, want those of the package")
	}
}

// embedded is the name of an embedded type of the package, or "".
func embedded(e ast.Expr) string {
	if star, ok := e.(*ast.StarExpr); ok {
		e = star.X
	}
	if id, ok := e.(*ast.Ident); ok {
		return id.Name
	}
	return ""
}
