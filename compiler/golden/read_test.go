package golden

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// npy is an .npy file with these words in its header.
func npy(descr, order, shape string, data ...byte) []byte {
	header := fmt.Sprintf("{'descr': '%s', 'fortran_order': %s, 'shape': (%s), }\n", descr, order, shape)
	return append(append([]byte("\x93NUMPY\x01\x00"), byte(len(header)), byte(len(header)>>8)), append([]byte(header), data...)...)
}

func TestNumpy(t *testing.T) {
	for _, test := range []struct {
		name string
		file []byte
		want Array
	}{
		{"vector of float32", npy("<f4", "False", "2,", 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0), Array{Shape: []int{2}, Data: []float64{1, -2}}},
		{"rows", npy("|i1", "False", "2, 3", 1, 2, 3, 4, 5, 0xff), Array{Shape: []int{2, 3}, Data: []float64{1, 2, 3, 4, 5, -1}}},
		{"columns", npy("|u1", "True", "2, 3", 1, 4, 2, 5, 3, 255), Array{Shape: []int{2, 3}, Data: []float64{1, 2, 3, 4, 5, 255}}},
		{"cube, the first index fastest", npy("|u1", "True", "2, 2, 2", 0, 4, 2, 6, 1, 5, 3, 7), Array{Shape: []int{2, 2, 2}, Data: []float64{0, 1, 2, 3, 4, 5, 6, 7}}},
		{"scalar", npy("<i8", "False", "", 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), Array{Data: []float64{-2}}},
		{"bool", npy("|b1", "False", "2,", 1, 0), Array{Shape: []int{2}, Data: []float64{1, 0}}},
	} {
		got, err := parseNumpy(test.file)
		if err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: %v, %v; want %v", test.name, got, err, test.want)
		}
	}
}

func TestHostileNumpy(t *testing.T) {
	for _, test := range []struct{ name, file, want string }{
		{"empty", "", "no .npy file"},
		{"version", "\x93NUMPY\x09\x00\x00\x00\x00\x00", "version 9"},
		{"long header", "\x93NUMPY\x01\x00\xff\xff", "no .npy file"},
		{"longer header", "\x93NUMPY\x02\x00\xff\xff\xff\xffabc", "want at most 65536"},
		{"header past the end", "\x93NUMPY\x01\x00\x99\x00{'descr'", "header of 153 bytes"},
		{"code in the header", string(npy("<f4'+f()+'", "False", "1,", 0, 0, 0, 0)), "want the keys"},
		{"big-endian", string(npy(">f4", "False", "1,", 0, 0, 0, 0)), `type ">f4"`},
		{"objects", string(npy("|O", "False", "1,", 0)), `type "|O"`},
		{"no elements", string(npy("<f4", "False", "0,")), "dimension 0"},
		{"2^60 elements", string(npy("|u1", "False", "1152921504606846976,")), "more than 67108864"},
		{"overflow", string(npy("|u1", "False", "4294967296, 4294967296")), "more than 67108864"},
		{"huge number", string(npy("|u1", "False", "99999999999999999999,")), "out of range"},
		{"short", string(npy("<f4", "False", "2,", 0, 0, 0, 0)), "4 bytes of data, want 8"},
		{"long", string(npy("|u1", "False", "2,", 0, 0, 0, 0)), "4 bytes of data, want 2"},
		{"deep", string(npy("|u1", "False", strings.Repeat("1, ", 40), 0)), "40 dimensions"},
	} {
		if _, err := parseNumpy([]byte(test.file)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want one with %q", test.name, err, test.want)
		}
	}
}

// archive is an .npz of members.
func archive(t testing.TB, members ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(members); i += 2 {
		w, err := z.Create(members[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(members[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReadArchive(t *testing.T) {
	one := string(npy("|u1", "False", "1,", 7))
	path := filepath.Join(t.TempDir(), "a.npz")
	for _, test := range []struct {
		name, want string
		members    []string
	}{
		{"two", "", []string{"x.npy", one, "output:0.npy", one}},
		{"twice", `array "x" is there twice`, []string{"x.npy", one, "x.npy", one}},
		{"other member", `holds "code.py"`, []string{"code.py", ""}},
	} {
		if err := os.WriteFile(path, archive(t, test.members...), 0o644); err != nil {
			t.Fatal(err)
		}
		f, err := Read(path)
		if test.want == "" {
			if err != nil || len(f.Arrays) != 2 || f.Arrays[1].Name != "output:0" || f.Arrays[1].Data[0] != 7 {
				t.Errorf("%s: %v, %v", test.name, f, err)
			}
		} else if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want one with %q", test.name, err, test.want)
		}
	}
}

func TestReadDescription(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "ref.json")
	if err := os.WriteFile(filepath.Join(dir, "ref.bin"), []byte{0, 0, 0x80, 0x3f, 9, 0, 0, 0}, 0o644); err != nil {
		t.Fatal(err)
	}
	const x = `"inputs": [{"name": "x", "dtype": "float32", "shape": [1, 1], "offset": 0, "bytes": 4}]`
	for _, test := range []struct{ name, text, want string }{
		{"sound", `{"note": "", ` + x + `, "outputs": [{"name": "x", "dtype": "int32", "shape": [], "offset": 4, "bytes": 4}]}`, ""},
		{"cut off", `{` + x, "unexpected end"},
		{"empty", `{}`, "no inputs and outputs"},
		{"twice", `{"inputs": [], "outputs": [{"name": "x", "dtype": "int8", "shape": [], "offset": 4, "bytes": 1}, {"name": "x", "dtype": "int8", "shape": [], "offset": 4, "bytes": 1}]}`, "there twice"},
		{"past the end", `{"outputs": [{"name": "y", "dtype": "int8", "shape": [9], "offset": 0, "bytes": 9}]}`, "bytes 0 to 9 of a .bin of 8"},
		{"far past the end", `{"outputs": [{"name": "y", "dtype": "int8", "shape": [9], "offset": 9223372036854775807, "bytes": 9}]}`, "of a .bin of 8"},
		{"before the beginning", `{"outputs": [{"name": "y", "dtype": "int8", "shape": [1], "offset": -1, "bytes": 1}]}`, "of a .bin of 8"},
		{"two faults", `{"outputs": [{"name": "y", "dtype": "int4", "shape": [1]}, {"name": "z", "dtype": "int8", "shape": [1], "bytes": 2}]}`, "output \"y\": dtype \"int4\", want float32, float64, bool, uint8 or int8 to int64\noutput \"z\": 2 bytes, want 1 of int8 [1]"},
	} {
		if err := os.WriteFile(path, []byte(test.text), 0o644); err != nil {
			t.Fatal(err)
		}
		f, err := Read(path)
		if test.want == "" {
			if err != nil || f.Arrays[0].Data[0] != 1 || f.Arrays[1].Data[0] != 9 || f.Arrays[1].Side != OutputSide {
				t.Errorf("%s: %v, %v", test.name, f, err)
			}
		} else if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want one with %q", test.name, err, test.want)
		}
	}
}

func FuzzArchive(f *testing.F) {
	f.Add(archive(f, "x.npy", string(npy("<f4", "True", "1, 1", 0, 0, 0, 0))))
	f.Fuzz(func(t *testing.T, data []byte) {
		arrays, err := readArchive(bytes.NewReader(data), int64(len(data)))
		if err == nil {
			sound(t, arrays)
		}
	})
}

func FuzzNumpy(f *testing.F) {
	f.Add(npy("<f8", "True", "1, 1", 0, 0, 0, 0, 0, 0, 0, 0))
	f.Fuzz(func(t *testing.T, data []byte) {
		if a, err := parseNumpy(data); err == nil {
			sound(t, []Array{a})
		}
	})
}

func FuzzDescription(f *testing.F) {
	bin := filepath.Join(f.TempDir(), "ref.bin")
	if err := os.WriteFile(bin, make([]byte, 64), 0o644); err != nil {
		f.Fatal(err)
	}
	f.Add(`{"inputs": [{"name": "x", "dtype": "float32", "shape": [2, 4], "offset": 0, "bytes": 32}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		if arrays, err := readDescription(strings.NewReader(text), bin); err == nil {
			sound(t, arrays)
		}
	})
}

// sound holds the shapes of arrays against their data.
func sound(t *testing.T, arrays []Array) {
	for _, a := range arrays {
		n := 1
		for _, d := range a.Shape {
			n *= d
		}
		if n != len(a.Data) {
			t.Errorf("array %q of shape %v has %d elements", a.Name, a.Shape, len(a.Data))
		}
	}
}
