package codegen

import (
	"testing"

	"github.com/sparsec/sparsec/ir/kernel"
)

// TestHugePages runs a package of weights large enough to be copied: what is
// stepped over is the file, at the place of a huge page, in assembly and in portable
// Go, and nothing can write there.
func TestHugePages(t *testing.T) {
	dir := module(t, map[string]*kernel.Program{"large": gru(t, 1100)})
	put(t, dir, "large/hugepages_test.go", []byte(`package large

import (
	"runtime"
	"runtime/debug"
	"testing"
	"unsafe"
)

func TestCopy(t *testing.T) {
	if unsafe.String((*byte)(weights), len(weightsFile)) != weightsFile {
		t.Error("the weights are not those of the file")
	}
	if runtime.GOOS != "linux" {
		return
	}
	if at := uintptr(weights); at%(2<<20) != 0 {
		t.Errorf("weights at %#x, want a multiple of 2 MiB", at)
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if recover() == nil {
			t.Error("the weights can be written to")
		}
	}()
	*(*byte)(weights)++
}
`))
	const tests = "^(TestCopy|TestRunEqualsStep|TestReset|TestWeightsAlignment)$"
	goTool(t, dir, nil, "vet", "./...")
	goTool(t, dir, nil, "test", "-run", tests, "./...")
	goTool(t, dir, nil, "test", "-tags", "purego", "-run", tests, "./...")
	goTool(t, dir, []string{"GOOS=windows"}, "vet", "./...")
	for _, f := range emit(t, gru(t, 20), Options{Package: "small"}) {
		if f.Name == "hugepages_linux.go" {
			t.Error("a small package has " + f.Name)
		}
	}
}
