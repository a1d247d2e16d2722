package asm

import (
	"strings"
	"testing"
)

func TestEmitCPUID(t *testing.T) {
	f := NewFile("m", "amd64 && !purego")
	EmitCPUID(f.ctx)
	a, s, err := f.Render()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"TEXT ·cpuid(SB), NOSPLIT, $0-24", "CPUID", "TEXT ·xgetbv(SB), NOSPLIT, $0-8", "XGETBV"} {
		if !strings.Contains(string(a), want) {
			t.Errorf("assembly lacks %q:\n%s", want, a)
		}
	}
	if want := "func xgetbv() (eax uint32, edx uint32)"; !strings.Contains(string(s), want) {
		t.Errorf("stubs lack %q:\n%s", want, s)
	}
}
