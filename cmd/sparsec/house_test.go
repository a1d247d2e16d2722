package main

import (
	"slices"
	"sort"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
)

const module = "github.com/sparsec/sparsec/"

// house says which of the module's own packages each may import, as the README
// draws it. A folder that ends in /... stands for all below it. A package that
// is not listed is a fault: give it a room first.
var house = map[string][]string{
	"ir/sparse":               {},
	"ir":                      {"ir/sparse"},
	"ir/ckpt":                 {"ir"},
	"ir/kernel":               {"ir/sparse"},
	"ir/eval":                 {"ir", "ir/sparse", "ir/kernel"},
	"compiler/cluster":        {"ir/sparse"},
	"compiler/pass":           {"ir", "ir/sparse", "ir/eval", "compiler/cluster"},
	"compiler/schedule":       {"ir", "ir/sparse", "ir/kernel"},
	"compiler/lower":          {"ir", "ir/sparse", "ir/kernel", "compiler/schedule"},
	"compiler/scratch":        {},
	"compiler/importer/onnx":  {"ir"},
	"compiler/importer/torch": {"ir", "ir/ckpt"},
	"compiler/conformance":    {},
	"compiler/golden":         {"ir", "ir/kernel", "ir/eval", "compiler/scratch", "codegen"},
	"compiler/verify":         {"ir", "ir/sparse", "ir/kernel", "ir/eval", "compiler/scratch", "codegen"},
	"compiler/bench":          {"ir", "ir/sparse", "ir/kernel", "compiler", "compiler/..."},
	"compiler/tune":           {"ir/sparse", "ir/kernel", "compiler", "compiler/schedule", "compiler/bench"},
	"compiler":                {"ir", "ir/sparse", "ir/kernel", "ir/eval", "compiler/...", "codegen", "asm"},
	"codegen/rt":              {},
	"codegen":                 {"ir/kernel", "ir/sparse", "codegen/rt", "asm"},
	"asm":                     {"ir/kernel", "ir/sparse"},
	"asm/sgemm":               {"asm"},
	"asm/activation":          {"asm"},
	"trainer/decode":          {},
	"trainer/nn":              {"trainer/decode", "trainer/gemm"},
	"trainer/optim":           {"trainer/nn"},
	"trainer/data":            {"trainer/nn"},
	"trainer/gemm":            {},
	"trainer/prune":           {"ir/sparse"},
	"trainer/sweep":           {"trainer", "trainer/prune"},
	"trainer/baseline":        {"ir"},
	"trainer":                 {"ir", "ir/ckpt", "ir/sparse", "trainer/..."},
	"cmd/sparsec":             {"trainer/...", "trainer", "codegen", "compiler", "compiler/...", "ir", "ir/ckpt", "ir/eval", "ir/kernel", "ir/sparse"},
	"cmd/vad":                 {"ir", "compiler", "compiler/importer/onnx", "compiler/scratch"},
	"generated/...":           {},
}

// foreign says who alone may import a module from outside.
var foreign = map[string][]string{
	"github.com/dave/jennifer":       {"codegen"},
	"github.com/mmcloughlin/avo":     {"asm", "asm/sgemm"},
	"gonum.org/v1/plot":              {"cmd/sparsec"},
	"google.golang.org/protobuf":     {"compiler/importer/onnx"},
	"github.com/nlpodyssey/gopickle": {"compiler/importer/torch"},
	"github.com/BurntSushi/toml":     {"compiler/importer/torch", "trainer/sweep"},
	"gonum.org/v1/gonum":             {"trainer", "trainer/nn", "trainer/optim", "trainer/data", "trainer/gemm", "trainer/prune", "trainer/baseline"},
}

// TestHouse holds the direction of imports: data goes one way, and only one
// package knows each of the code generators.
func TestHouse(t *testing.T) {
	pkgs, err := packages.Load(&packages.Config{Mode: packages.NeedName | packages.NeedImports}, module+"...")
	if err != nil {
		t.Fatal(err)
	}
	if len(pkgs) < 10 {
		t.Fatalf("%d packages loaded, want the whole module", len(pkgs))
	}
	for _, p := range pkgs {
		checkRoom(t, p)
	}
}

func checkRoom(t *testing.T, p *packages.Package) {
	room := strings.TrimPrefix(p.PkgPath, module)
	allowed, ok := allowedFor(room)
	if !ok {
		t.Errorf("package %s has no place in the house: list it in house_test.go", room)
		return
	}
	imports := make([]string, 0, len(p.Imports))
	for path := range p.Imports {
		imports = append(imports, path)
	}
	sort.Strings(imports)
	for _, path := range imports {
		if own, ok := strings.CutPrefix(path, module); ok {
			if !slices.ContainsFunc(allowed, func(a string) bool { return matches(a, own) }) {
				t.Errorf("%s imports %s; it may import %v", room, own, allowed)
			}
			continue
		}
		for mod, who := range foreign {
			if (path == mod || strings.HasPrefix(path, mod+"/")) && !slices.Contains(who, room) {
				t.Errorf("%s imports %s; only %v may", room, path, who)
			}
		}
	}
}

func allowedFor(room string) ([]string, bool) {
	if a, ok := house[room]; ok {
		return a, true
	}
	for pattern, a := range house {
		if matches(pattern, room) {
			return a, true
		}
	}
	return nil, false
}

func matches(pattern, room string) bool {
	if dir, ok := strings.CutSuffix(pattern, "/..."); ok {
		return room == dir || strings.HasPrefix(room, dir+"/")
	}
	return pattern == room
}
