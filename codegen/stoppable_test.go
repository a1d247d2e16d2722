package codegen

import (
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/ir/kernel"
)

// TestStoppable wants the ranges of a cut matrix to be computed through
// functions that the Go compiler gave a stack check, which it leaves out of
// small functions that call nothing.
func TestStoppable(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("looks at amd64 code")
	}
	dir := module(t, map[string]*kernel.Program{"m": gru(t, 20)})
	program := filepath.Join(dir, "m.test")
	goTool(t, dir, nil, "test", "-c", "-o", program, "./m")
	code := goTool(t, dir, nil, "tool", "objdump", "-s", `/m\.matvecF32WindowExactAVX2Range$`, program)
	if !strings.Contains(code, "runtime.morestack") {
		t.Errorf("no stack check:\n%s", code)
	}
	layer := goTool(t, dir, nil, "tool", "objdump", "-s", `/m\.layerGru0AVX2$`, program)
	if n := strings.Count(layer, "matvecF32WindowExactAVX2Range(SB)"); n != 2 || strings.Contains(layer, "matvecF32WindowExactAVX2.abi0") {
		t.Errorf("%d calls of ranges, want 2 and no other calls of the kernel:\n%s", n, layer)
	}
}
