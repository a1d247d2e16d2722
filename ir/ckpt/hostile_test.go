package ckpt

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/nlpodyssey/safetensors"
)

// file is a safetensors file of any header and any data.
func file(header string, data int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, data)...)
}

// TestHostileFiles reads files that no sound program writes.
func TestHostileFiles(t *testing.T) {
	one := func(dtype, shape, offsets string) string {
		return fmt.Sprintf(`{"a":{"dtype":%s,"shape":%s,"data_offsets":%s}}`, dtype, shape, offsets)
	}
	two := func(offsetsA, offsetsB string) string {
		return fmt.Sprintf(`{"a":{"dtype":"U8","shape":[4],"data_offsets":%s},"b":{"dtype":"U8","shape":[4],"data_offsets":%s}}`, offsetsA, offsetsB)
	}
	tests := []struct {
		name string
		file []byte
		want string
	}{
		{"empty file", nil, `file of 0 bytes has no header: not a safetensors file`},
		{"seven bytes", make([]byte, 7), `file of 7 bytes has no header: not a safetensors file`},
		{"header of 2^60 bytes", append(binary.LittleEndian.AppendUint64(nil, 1<<60), "{}"...),
			`header of 1152921504606846976 bytes in a file of 10: truncated, or not a safetensors file`},
		{"header of 2^64-1 bytes", append(binary.LittleEndian.AppendUint64(nil, 1<<64-1), "{}"...),
			`header of 18446744073709551615 bytes in a file of 10: truncated, or not a safetensors file`},
		{"header of no bytes", file("", 0), `header does not begin with {: not a safetensors file`},
		{"not JSON", file("PK\x03\x04", 0), `header does not begin with {: not a safetensors file`},
		{"header cut off", file(`{"a":{"dtype":"U8"`, 0), `header: tensor "a": JSON: unexpected EOF`},
		{"not UTF-8", file("{\"\xff\":1}", 0), `header is not UTF-8`},
		{"text behind the JSON", file(`{}  {}`, 0), `header: 4 bytes behind the JSON`},
		{"number for a tensor", file(`{"a":1}`, 0), `header: tensor "a": 1, want {`},
		{"metadata that is a number", file(`{"__metadata__":{"k":1}}`, 0), `header: metadata: "k" is 1, want a string`},
		{"tensor twice", file(`{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{}}`, 0), `header: "a" is given twice`},
		{"tensor twice by escapes", file(`{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"\u0061":{}}`, 0), `header: "a" is given twice`},
		{"metadata twice", file(`{"__metadata__":{"k":"1","k":"2"}}`, 0), `header: metadata: "k" is given twice`},
		{"dtype twice", file(`{"a":{"dtype":"U8","dtype":"U8","shape":[0],"data_offsets":[0,0]}}`, 0), `header: tensor "a": "dtype" is given twice`},
		{"no shape", file(`{"a":{"dtype":"U8","data_offsets":[0,0]}}`, 0), `header: tensor "a": want dtype, shape and data_offsets`},
		{"unknown key", file(`{"a":{"dtype":"U8","stride":[0]}}`, 0), `header: tensor "a": unknown key "stride"`},
		{"unknown dtype", file(one(`"Q4"`, `[1]`, `[0,1]`), 1), `header: tensor "a": unknown dtype "Q4"`},
		{"dtype that is a number", file(one(`8`, `[1]`, `[0,1]`), 1), `header: tensor "a": "dtype" is 8, want a string`},
		{"negative dimension", file(one(`"U8"`, `[-1]`, `[0,1]`), 1), `header: tensor "a": shape: -1, want a whole number below 2^64`},
		{"broken dimension", file(one(`"U8"`, `[1.5]`, `[0,1]`), 1), `header: tensor "a": shape: 1.5, want a whole number below 2^64`},
		{"dimension of 2^70", file(one(`"U8"`, `[1180591620717411303424]`, `[0,1]`), 1), `header: tensor "a": shape: 1180591620717411303424, want a whole number below 2^64`},
		{"dimension of 2^63", file(one(`"U8"`, `[9223372036854775808]`, `[0,1]`), 1), `header: tensor "a": shape [9223372036854775808] is too large`},
		{"deep shape", file(one(`"U8"`, `[[[[[[1]]]]]]`, `[0,1]`), 1), `header: tensor "a": shape: [, want a whole number below 2^64`},
		{"many dimensions", file(one(`"U8"`, `[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]`, `[0,1]`), 1), `header: tensor "a": shape: more than 16 numbers`},
		{"product that overflows", file(one(`"F32"`, `[4294967296,4294967296]`, `[0,0]`), 0), `tensor "a": shape [4294967296 4294967296] of F32 is too large`},
		{"product that overflows to the size", file(one(`"F32"`, `[4611686018427387905]`, `[0,4]`), 4), `tensor "a": shape [4611686018427387905] of F32 is too large`},
		{"one offset", file(one(`"U8"`, `[1]`, `[0]`), 1), `header: tensor "a": 1 data_offsets, want 2`},
		{"three offsets", file(one(`"U8"`, `[1]`, `[0,1,2]`), 1), `header: tensor "a": data_offsets: more than 2 numbers`},
		{"offsets that fall", file(one(`"U8"`, `[1]`, `[1,0]`), 1), `tensor "a": data ends at byte 0, before it begins at 1`},
		{"data past the end", file(one(`"U8"`, `[4]`, `[0,4]`), 3), `tensor "a": data ends at byte 4 of 3: the file is truncated`},
		{"data far past the end", file(one(`"U8"`, `[4]`, `[18446744073709551611,18446744073709551615]`), 3),
			`tensor "a": data ends at byte 18446744073709551615 of 3: the file is truncated`},
		{"shape of another size", file(one(`"F32"`, `[2]`, `[0,4]`), 4), `tensor "a": 4 bytes of data, want 8 for shape [2] of F32`},
		{"overlap", file(two(`[0,4]`, `[2,6]`), 6), `tensor "b": data begins at byte 2, inside tensor "a"`},
		{"same data twice", file(two(`[0,4]`, `[0,4]`), 4), `tensor "b": data begins at byte 0, inside tensor "a"`},
		{"gap", file(two(`[5,9]`, `[0,4]`), 9), `tensor "a": data begins at byte 5, want 4: a gap`},
		{"gap at the start", file(two(`[1,5]`, `[5,9]`), 9), `tensor "a": data begins at byte 1, want 0: a gap`},
		{"data left over", file(two(`[0,4]`, `[4,8]`), 9), `1 bytes of data behind the last tensor`},
		{"two faults", file(two(`[0,3]`, `[4,9]`), 9), "f: tensor \"a\": 3 bytes of data, want 4 for shape [4] of U8\n" +
			`f: tensor "b": 5 bytes of data, want 4 for shape [4] of U8`},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			want := "f: " + strings.TrimPrefix(tc.want, "f: ")
			if _, _, err := DecodeTensors("f", bytes.NewReader(tc.file), int64(len(tc.file))); err == nil || err.Error() != want {
				t.Errorf("got\n%v\nwant\n%s", err, want)
			}
			if _, _, err := Decode("f", bytes.NewReader(tc.file), int64(len(tc.file))); err == nil || err.Error() != want {
				t.Errorf("as a model: got\n%v\nwant\n%s", err, want)
			}
		})
	}
}

// TestTruncatedEverywhere cuts a sound file after every byte.
func TestTruncatedEverywhere(t *testing.T) {
	whole := encodeTiny(t)
	for n := range whole {
		if _, _, err := Decode("f", bytes.NewReader(whole[:n]), int64(n)); err == nil {
			t.Errorf("cut after %d of %d bytes: no error", n, len(whole))
		}
	}
}

// TestFileThatShrinks reads a file that is shorter than its size was.
func TestFileThatShrinks(t *testing.T) {
	whole := encodeTiny(t)
	for _, n := range []int{0, 4, 8, 100, len(whole) - 1} {
		if _, _, err := Decode("f", bytes.NewReader(whole[:n]), int64(len(whole))); err == nil {
			t.Errorf("%d of %d bytes: no error", n, len(whole))
		}
	}
}

// TestHostileLengthsAllocateLittle holds the memory that lengths without a
// file behind them can ask for.
func TestHostileLengthsAllocateLittle(t *testing.T) {
	files := map[string][]byte{
		"header": append(binary.LittleEndian.AppendUint64(nil, 1<<60), "{}"...),
		"tensor": file(`{"a":{"dtype":"U8","shape":[1099511627776],"data_offsets":[0,1099511627776]}}`, 8),
		"graph": encodeTensors(t, nil, map[string]string{versionKey: Version,
			graphKey: "model m\ninput x [200000000]\nstate h [200000000]\nparam w [16000 16000]\noutput x"}),
	}
	for name, data := range files {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _, err := Decode("f", bytes.NewReader(data), int64(len(data)))
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%s: no error", name)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
			t.Errorf("%s: %d bytes allocated, want at most 1 MiB", name, n)
		}
	}
}

func TestTensorsRoundTrip(t *testing.T) {
	tensors := []Tensor{
		New("step", nil, []uint64{1 << 63}),
		New("i64", []int{1}, []int64{-1}),
		New("f64", []int{1, 2}, []float64{1e300, -0.5}),
		New("adam.m", []int{2, 2}, []float32{1, 2, 3, 4}),
		New("adam.v", []int{0, 7}, []float32{}),
		New("u32", []int{1}, []uint32{7}), New("i32", []int{1}, []int32{-7}),
		New("u16", []int{1}, []uint16{7}), New("i16", []int{1}, []int16{-7}),
		New("i8", []int{1}, []int8{-7}), New("mask", []int{3}, []uint8{1, 0, 255}),
		{"flags", Bool, []int{2}, []byte{0, 1}},
	}
	data := encodeTensors(t, tensors, map[string]string{"rng": "pcg:1,2"})
	got, meta, err := DecodeTensors("f", bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if meta["rng"] != "pcg:1,2" || len(got) != len(tensors) {
		t.Fatalf("%d tensors, metadata %q", len(got), meta)
	}
	byName := map[string]Tensor{}
	at := 0
	for _, g := range got {
		if at%g.DType.Size() != 0 {
			t.Errorf("%s begins at byte %d, not a multiple of its element", g.Name, at)
		}
		at += len(g.Data)
		byName[g.Name] = g
	}
	for _, want := range tensors {
		if g := byName[want.Name]; !reflect.DeepEqual(g, want) {
			t.Errorf("got %+v, want %+v", g, want)
		}
	}
	if v, err := Values[uint64](byName["step"]); err != nil || v[0] != 1<<63 {
		t.Errorf("step: %v, %v", v, err)
	}
	if v, err := Values[int16](byName["i16"]); err != nil || v[0] != -7 {
		t.Errorf("i16: %v, %v", v, err)
	}
	if _, err := Values[float32](byName["mask"]); err == nil || err.Error() != `tensor "mask": element type U8, want F32` {
		t.Errorf("got %v", err)
	}

	reversed := make([]Tensor, 0, len(tensors))
	for i := len(tensors) - 1; i >= 0; i-- {
		reversed = append(reversed, tensors[i])
	}
	if again := encodeTensors(t, reversed, meta); !bytes.Equal(again, data) {
		t.Error("the order in which tensors are given shows in the file")
	}
	if _, err := safetensors.Deserialize(data); err != nil {
		t.Errorf("by another codec: %v", err)
	}
}

// FuzzDecode holds that no file panics, that what is read is written and read
// again the same, and that an independent codec reads what this one accepts.
func FuzzDecode(f *testing.F) {
	f.Add(encodeTiny(f))
	f.Add(encodeTensors(f, []Tensor{New("a", nil, []uint8{1}), New("b", []int{0}, []float64{})}, nil))
	f.Add(file(`{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"BF16","shape":[],"data_offsets":[4,6]}}`, 6))
	f.Add(file(`{"__metadata__":{}}   `, 0))
	f.Add(append(binary.LittleEndian.AppendUint64(nil, 1<<60), "{}"...))
	f.Fuzz(func(t *testing.T, data []byte) {
		if m, meta, err := Decode("f", bytes.NewReader(data), int64(len(data))); err == nil {
			var b bytes.Buffer
			if err := Encode(&b, m, meta); err != nil {
				t.Fatalf("what is read is not written: %v", err)
			}
			again, _, err := Decode("f", bytes.NewReader(b.Bytes()), int64(b.Len()))
			if err != nil || !reflect.DeepEqual(m, again) {
				t.Fatalf("not carried over: %v", err)
			}
		}
		tensors, meta, err := DecodeTensors("f", bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		if _, err := safetensors.Deserialize(data); err != nil {
			t.Fatalf("read here, not by another codec: %v", err)
		}
		first := encodeTensors(t, tensors, meta)
		again, againMeta, err := DecodeTensors("f", bytes.NewReader(first), int64(len(first)))
		if err != nil {
			t.Fatal(err)
		}
		if second := encodeTensors(t, again, againMeta); !bytes.Equal(first, second) {
			t.Fatal("writing what was read gives other bytes")
		}
	})
}
