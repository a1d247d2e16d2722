package main

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"
)

// recordingsCommand writes an index and its features: every letter is three frames
// in which one of two numbers is large, and one of silence.
func recordingsCommand(ts *testscript.TestScript, neg bool, args []string) {
	wants(ts, neg, args, 1, 1, "recordings DIR")
	index := "utt\tsplit\tspeaker\toffset_floats\tframes\ttranscript\n"
	var features []byte
	for i := range 60 {
		from, text := len(features)/4, ""
		for k := range 3 {
			letter := i >> k & 1
			text += []string{"A", "B "}[letter]
			for range 3 {
				frame := [2]float32{}
				frame[letter] = 5
				for _, v := range frame {
					features = binary.LittleEndian.AppendUint32(features, math.Float32bits(v))
				}
			}
			features = append(features, make([]byte, 8)...)
		}
		index += fmt.Sprintf("u%d\t%s\ts%d\t%d\t12\t%s\n", i, []string{"train", "train", "test"}[i%3], i%10, from, text)
	}
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o755))
	ts.Check(os.WriteFile(filepath.Join(dir, "index.tsv"), []byte(index), 0o644))
	ts.Check(os.WriteFile(filepath.Join(dir, "two.f32le"), features, 0o644))
	ts.Check(os.WriteFile(filepath.Join(dir, "LICENSE"), []byte("free\n"), 0o644))
}
