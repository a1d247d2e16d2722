package ckpt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/nlpodyssey/safetensors"

	"github.com/sparsec/sparsec/ir"
)

const graphText = `model  "tiny"
input  x [2]
state  rnn.h [3]
param  rnn.weight_ih [3 2]
param  rnn.weight_hh [3 3]
param  "a <b>" [3]
node   rnn = RNN(x) weight_ih=rnn.weight_ih weight_hh=rnn.weight_hh bias_ih="a <b>" h=rnn.h func=tanh
output rnn
`

func tiny(t testing.TB) *ir.Model {
	t.Helper()
	m, err := ir.Parse(strings.NewReader(graphText))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range m.Params {
		p.Data = make([]float32, p.Len())
		for i := range p.Data {
			p.Data[i] = float32(i) - 2.5
		}
	}
	return m
}

func encodeTiny(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Encode(&b, tiny(t), map[string]string{"vocabulary": "äb\x00\n"}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWriteRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.ckpt")
	want, wantMeta := tiny(t), map[string]string{"train.seed": "7", "vocabulary": "äb\x00\n<&>"}
	if err := Write(path, want, wantMeta); err != nil {
		t.Fatal(err)
	}
	got, meta, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if !reflect.DeepEqual(meta, wantMeta) {
		t.Errorf("metadata %q, want %q", meta, wantMeta)
	}
	first, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := Write(path, got, meta); err != nil {
		t.Fatal(err)
	}
	if second, _ := os.ReadFile(path); !bytes.Equal(first, second) {
		t.Error("writing what was read gives other bytes")
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); len(left) > 0 {
		t.Errorf("temporary files are left: %q", left)
	}
}

// TestReadByOthers holds what is written against an independent codec, and
// what that one writes against this.
func TestReadByOthers(t *testing.T) {
	data := encodeTiny(t)
	st, err := safetensors.Deserialize(data)
	if err != nil {
		t.Fatal(err)
	}
	bias, ok := st.Tensor("a <b>")
	if !ok || bias.DType() != safetensors.F32 || !reflect.DeepEqual(bias.Shape(), []uint64{3}) {
		t.Fatalf("bias is %+v in %q", bias, st.Names())
	}
	if got := math.Float32frombits(binary.LittleEndian.Uint32(bias.Data()[4:])); got != -1.5 {
		t.Errorf("element 1 is %v, want -1.5", got)
	}
	length, info, err := safetensors.ReadMetadata(data)
	if err != nil {
		t.Fatal(err)
	}
	if length%8 != 0 || info.Metadata()[graphKey] != graphText {
		t.Errorf("header of %d bytes with metadata %q", length, info.Metadata())
	}

	views := map[string]safetensors.TensorView{}
	for _, v := range st.Tensors() {
		views[v.Name] = v.TensorView
	}
	theirs, err := safetensors.Serialize(views, info.Metadata())
	if err != nil {
		t.Fatal(err)
	}
	m, meta, err := Decode("theirs", bytes.NewReader(theirs), int64(len(theirs)))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(m, tiny(t)) || meta["vocabulary"] != "äb\x00\n" {
		t.Errorf("got %+v, %q", m, meta)
	}
}

// TestReadConverts reads weights that other programs store in other types.
func TestReadConverts(t *testing.T) {
	meta := ownMeta()
	half := func(bits ...uint16) []byte {
		b, _ := binary.Append(nil, binary.LittleEndian, bits)
		return b
	}
	data := encodeTensors(t, []Tensor{
		New("rnn.weight_ih", []int{3, 2}, []float64{1, -2, 0.5, 1e-60, 3, 0.1}),
		{"rnn.weight_hh", F16, []int{3, 3}, half(0, 0x8000, 0x3c00, 0xc000, 1, 0x03ff, 0x0400, 0x7bff, 0x3555)},
		{"a <b>", BF16, []int{3}, half(0x3f80, 0xc020, 0x0001)},
	}, meta)
	m, _, err := Decode("m", bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]float32{
		"rnn.weight_ih": {1, -2, 0.5, 0, 3, 0.1},
		"rnn.weight_hh": {0, float32(math.Copysign(0, -1)), 1, -2, 0x1p-24, 1023 * 0x1p-24, 0x1p-14, 65504, 1365 * 0x1p-12},
		"a <b>":         {1, -2.5, math.Float32frombits(1 << 16)},
	}
	for name, w := range want {
		if got := m.Param(name).Data; !reflect.DeepEqual(got, w) {
			t.Errorf("%s: got %v, want %v", name, got, w)
		}
	}
}

// TestWidenF16 holds the conversion against the value by the definition.
func TestWidenF16(t *testing.T) {
	for i := range 1 << 16 {
		h := uint16(i)
		sign, exponent, fraction := 1-2*float64(h>>15), int(h>>10&31), float64(h&1023)
		want := sign * math.Ldexp(1+fraction/1024, exponent-15)
		switch {
		case exponent == 0:
			want = sign * math.Ldexp(fraction/1024, -14)
		case exponent == 31 && fraction == 0:
			want = sign * math.Inf(1)
		case exponent == 31:
			want = math.NaN()
		}
		got := float64(widenF16(h))
		if got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Fatalf("%#04x: got %v, want %v", h, got, want)
		}
	}
}

func ownMeta() map[string]string {
	return map[string]string{versionKey: Version, graphKey: graphText}
}

func encodeTensors(t testing.TB, tensors []Tensor, meta map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := EncodeTensors(&b, tensors, meta); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestReadWrongModels reads sound safetensors files that are not sound models.
func TestReadWrongModels(t *testing.T) {
	nan := float32(math.NaN())
	ih := New("rnn.weight_ih", []int{3, 2}, make([]float32, 6))
	hh := New("rnn.weight_hh", []int{3, 3}, make([]float32, 9))
	bias := New("a <b>", []int{3}, make([]float32, 3))
	meta := ownMeta()
	with := func(key, value string) map[string]string {
		return map[string]string{versionKey: Version, graphKey: graphText, key: value}
	}
	tests := []struct {
		name    string
		tensors []Tensor
		meta    map[string]string
		want    string
	}{
		{"wrong shape", []Tensor{ih, New("rnn.weight_hh", []int{3, 2}, make([]float32, 6)), bias}, meta,
			`m: tensor "rnn.weight_hh": shape [3 2], want [3 3]`},
		{"missing and extra tensors", []Tensor{ih, bias, New("spare", nil, []float32{1})}, meta,
			`m: tensor "spare": is not in the graph` + "\n" + `m: tensor "rnn.weight_hh": is not in the file`},
		{"integers", []Tensor{ih, hh, New("a <b>", []int{3}, make([]int32, 3))}, meta,
			`m: tensor "a <b>": element type I32, want F32, F16, BF16 or F64`},
		{"NaN weights", []Tensor{ih, hh, New("a <b>", []int{3}, []float32{0, nan, 0})}, meta,
			`m: tensor "a <b>": element [1] is NaN, want a finite number (1 of 3 are not)`},
		{"beyond float32", []Tensor{ih, hh, New("a <b>", []int{3}, []float64{0, 0, -1e39})}, meta,
			`m: tensor "a <b>": element 2 is -1e+39, which float32 cannot hold`},
		{"no metadata", []Tensor{ih, hh, bias}, nil,
			`m: metadata has no "sparsec.graph": a safetensors file, but not a model of sparsec`},
		{"version of the future", []Tensor{ih, hh, bias}, with(versionKey, "2"),
			`m: metadata "sparsec.version" is "2", want "1"`},
		{"graph that does not parse", []Tensor{ih, hh, bias}, with(graphKey, "model m\nnode y = Conv(x)"),
			`m: sparsec.graph: 2:10: "Conv", want one of the ops Linear, Constant, Embedding, RNN, GRU, LSTM, Activation, Recall, Store, Concat, Pick, Reduce, Normalize, Binary, Softmax, Ahead, Hold`},
		{"graph with a fault", []Tensor{ih, hh, bias}, with(graphKey, graphText+"output y"),
			`m: output "y": is not defined`},
		{"graph with a huge tensor", []Tensor{ih, hh, bias}, with(graphKey, strings.Replace(graphText, "[3 2]", "[2147483647 2147483647]", 1)),
			`m: tensor "rnn.weight_ih": shape [3 2], want [2147483647 2147483647]` + "\n" +
				`m: tensor "rnn.weight_ih": shape [2147483647 2147483647] has more than 268435456 elements`},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			data := encodeTensors(t, tc.tensors, tc.meta)
			_, _, err := Decode("m", bytes.NewReader(data), int64(len(data)))
			if err == nil || err.Error() != tc.want {
				t.Errorf("got\n%v\nwant\n%s", err, tc.want)
			}
		})
	}
}

func TestWriteRefuses(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "model.ckpt")
	if err := Write(path, tiny(t), nil); err != nil {
		t.Fatal(err)
	}
	before, _ := os.ReadFile(path)
	tests := []struct {
		name  string
		write func() error
		want  string
	}{
		{"NaN weights", func() error {
			m := tiny(t)
			m.Params[0].Data[1] = float32(math.NaN())
			return Write(path, m, nil)
		}, `tensor "rnn.weight_ih": element [0 1] is NaN`},
		{"a graph without data", func() error {
			m := tiny(t)
			for _, p := range m.Params {
				p.Data = nil
			}
			return Write(path, m, nil)
		}, `tensor "rnn.weight_hh": has no data`},
		{"a reserved key", func() error { return Write(path, tiny(t), map[string]string{"sparsec.x": ""}) },
			`metadata "sparsec.x"`},
		{"metadata that is not UTF-8", func() error { return Write(path, tiny(t), map[string]string{"k": "\xff"}) },
			`metadata "k" is not UTF-8`},
		{"two tensors of a name", func() error {
			return WriteTensors(path, []Tensor{New("a", nil, []uint8{1}), New("a", nil, []uint8{1})}, nil)
		}, `tensor "a": given twice`},
		{"data of another size", func() error { return WriteTensors(path, []Tensor{New("a", []int{2}, []uint8{1})}, nil) },
			`tensor "a": 1 bytes of data, want 2 for shape [2] of U8`},
		{"a negative shape", func() error { return WriteTensors(path, []Tensor{New("a", []int{-1}, []uint8{1})}, nil) },
			`tensor "a": shape [-1] of U8 has no size`},
		{"the name of the metadata", func() error {
			return WriteTensors(path, []Tensor{New("__metadata__", nil, []uint8{1})}, nil)
		}, `tensor "__metadata__": the name is reserved`},
		{"an element type out of range", func() error { return WriteTensors(path, []Tensor{{"a", 99, nil, []byte{1}}}, nil) },
			`tensor "a": unknown element type 99`},
		{"a write that fails", func() error {
			return replaceFile(path, func(w io.Writer) error {
				w.Write([]byte("half"))
				return errors.New("disk full")
			})
		}, "disk full"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			err := tc.write()
			if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.HasPrefix(err.Error(), path+": ") {
				t.Errorf("got %v, want %s: %s", err, path, tc.want)
			}
		})
	}
	if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
		t.Error("the old file is lost")
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("%d files in the folder, want the old one", len(files))
	}
}

func TestWriteKeepsLinkAndPermissions(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no permissions of this kind")
	}
	dir := t.TempDir()
	real, link := filepath.Join(dir, "real"), filepath.Join(dir, "link")
	if err := os.WriteFile(real, nil, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(real, link); err != nil {
		t.Fatal(err)
	}
	if err := Write(link, tiny(t), nil); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Read(real); err != nil {
		t.Error(err)
	}
	if info, _ := os.Lstat(link); info.Mode()&os.ModeSymlink == 0 {
		t.Error("the link is replaced by a file")
	}
	if info, _ := os.Stat(real); info.Mode().Perm() != 0o640 {
		t.Errorf("permissions %v, want 0640", info.Mode().Perm())
	}
}

func TestReadNoFile(t *testing.T) {
	dir := t.TempDir()
	if _, _, err := Read(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	huge := filepath.Join(dir, "huge")
	if err := os.WriteFile(huge, append(binary.LittleEndian.AppendUint64(nil, 1<<60), "{}"...), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Read(huge); err == nil || !strings.HasPrefix(err.Error(), huge+": header of 1152921504606846976 bytes") {
		t.Errorf("got %v", err)
	}
	if _, _, err := Read(dir); err == nil || err.Error() != dir+": not a regular file" {
		t.Errorf("got %v", err)
	}
	if err := Write(dir, tiny(t), nil); err == nil || !strings.HasPrefix(err.Error(), dir+": ") {
		t.Errorf("got %v", err)
	}
	if err := Write(filepath.Join(dir, "none", "model.ckpt"), tiny(t), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
