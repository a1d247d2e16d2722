package torch

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/sparsec/sparsec/ir/ckpt"
)

// hostilePickles are files that torch.save does not write, and what of the error is
// wanted.
func hostilePickles(t testing.TB) map[string]struct {
	file []byte
	want string
} {
	one := func(ops string) []byte { return legacy(dictPickle("a", ops), []string{"0"}, []float32{1, 2, 3, 4}) }
	float := func(elements, offset int, shape, stride []int) []byte {
		return one(tensorOps("FloatStorage", "0", elements, offset, shape, stride))
	}
	raw := func(pickle string) []byte { return legacy(pickle, nil) }
	cut := func(file []byte, n int) []byte { return file[:len(file)-n] }
	shared := make([]string, 0, 4000)
	for i := range 2000 {
		shared = append(shared, fmt.Sprint(i), tensorOps("FloatStorage", "0", 1<<18, 0, []int{1 << 18}, []int{1}))
	}
	type file = struct {
		file []byte
		want string
	}
	return map[string]file{
		"a class that runs":        {raw("\x80\x02cposix\nsystem\n(" + textOp("true") + "tR."), `class "posix.system"`},
		"a class by its name":      {raw("\x80\x04" + textOp("builtins") + textOp("eval") + "\x93."), `class "builtins.eval"`},
		"a module":                 {raw("\x80\x02(" + textOp("module") + "N" + textOp("f.py") + textOp("x") + textOp("y") + "tQ."), `save its tensors alone`},
		"an instance":              {raw("\x80\x02(i__main__\nNet\n."), `opcode 0x69`},
		"no dict":                  {raw("\x80\x02K\x01."), `no dict`},
		"no STOP":                  {cut(raw("\x80\x02}"), len("\x80\x02](e.")), `without a STOP`},
		"a text of 4 GiB":          {raw("\x80\x02X\xff\xff\xff\xffa."), `longer than what is there`},
		"bytes of 2^63":            {raw("\x80\x02\x8e\xff\xff\xff\xff\xff\xff\xff\x7fa."), `longer than what is there`},
		"a frame of 2^62":          {raw("\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x3f}."), `longer than what is there`},
		"a number without digits":  {raw("\x80\x02\x8a\x00."), `pickle: `},
		"a dict of three":          {raw("\x80\x02(NNNd."), `pickle: `},
		"a key of bytes":           {raw("\x80\x03ccollections\nOrderedDict\n)R(C\x01aNu."), `pickle: `},
		"a million marks":          {raw("\x80\x02" + strings.Repeat("(", 1<<20) + "."), `more than 262144 objects`},
		"two million values":       {raw("\x80\x02" + strings.Repeat("N", 1<<21) + "."), `more than 1048576 opcodes`},
		"a shape beyond":           {float(4, 0, []int{5}, []int{1}), `leaves a storage of 4 elements`},
		"an offset beyond":         {float(4, 3, []int{2}, []int{1}), `leaves a storage of 4 elements`},
		"strides beyond":           {float(4, 0, []int{2, 2}, []int{3, 1}), `leaves a storage of 4 elements`},
		"elements again and again": {float(4, 0, []int{1 << 20, 1 << 10}, []int{0, 0}), `leaves a storage of 4 elements`},
		"a negative shape":         {float(4, 0, []int{-2}, []int{1}), `leaves a storage of 4 elements`},
		"a storage of 2^31":        {float(1<<31-1, 0, []int{1}, []int{1}), `4 elements where its tensors have 2147483647`},
		"a storage without key":    {legacy(dictPickle("a", tensorOps("FloatStorage", "1", 4, 0, []int{4}, []int{1})), nil), `its key is not listed`},
		"a storage of two types": {one(tensorOps("FloatStorage", "0", 4, 0, []int{4}, []int{1}) + textOp("b") +
			tensorOps("LongStorage", "0", 4, 0, []int{4}, []int{1})), `4 elements of F32 and 4 of I64`},
		"a storage by many":    {legacy(dictPickle(shared...), []string{"0"}, make([]float32, 1<<18)), `more than 4 times`},
		"a truncated storage":  {cut(float(4, 0, []int{4}, []int{1}), 20), `the file is truncated`},
		"a zip of nothing":     {zipped(t, zip.Store, "m/version", "3"), `without data.pkl`},
		"TorchScript":          {zipped(t, zip.Store, "m/data.pkl", "N.", "m/constants.pkl", "N."), `TorchScript`},
		"a zip bomb":           {zipped(t, zip.Deflate, "m/data.pkl", strings.Repeat("N", 1<<22)), `compressed`},
		"two files of a name":  {zipped(t, zip.Store, "m/data.pkl", "N.", "m/data.pkl", "N."), `two files "data.pkl"`},
		"big-endian":           {zipped(t, zip.Store, "m/data.pkl", "N.", "m/byteorder", "big"), `byte order "big"`},
		"a storage left out":   {zipped(t, zip.Store, "m/data.pkl", dictPickle("a", tensorOps("FloatStorage", "0", 4, 0, []int{4}, []int{1}))), `no file "data/0"`},
		"a storage cut short":  {zipped(t, zip.Store, "m/data.pkl", dictPickle("a", tensorOps("FloatStorage", "0", 4, 0, []int{4}, []int{1})), "m/data/0", "123"), `0 elements of F32, want 4`},
		"another zip":          {[]byte("PK\x03\x04" + strings.Repeat("\xff", 100)), `zip`},
		"seventeen dimensions": {float(4, 0, make([]int, 17), make([]int, 17)), `17 dimensions`},
	}
}

// TestHostilePickles holds the errors of hostile files, and that none takes a second
// or 256 MiB.
func TestHostilePickles(t *testing.T) {
	dir := t.TempDir()
	for name, h := range hostilePickles(t) {
		path := filepath.Join(dir, strings.ReplaceAll(name, " ", "-")+".pt")
		if err := os.WriteFile(path, h.file, 0o666); err != nil {
			t.Fatal(err)
		}
		bounded(t, name, func() {
			_, err := Import(path, Options{})
			if err == nil || !strings.Contains(err.Error(), h.want) || !strings.HasPrefix(err.Error(), path+": ") {
				t.Errorf("%s: got %v, want %s: …%s", name, err, path, h.want)
			}
		})
	}
}

// bounded holds the time and the memory that something takes.
func bounded(t *testing.T, name string, do func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	do()
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	// A machine that does other things as well may take several times as long.
	if took > 5*time.Second {
		t.Errorf("%s: %v, want less than a second on an idle machine", name, took)
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > 256<<20 {
		t.Errorf("%s: %d MiB allocated, want at most 256", name, n>>20)
	}
}

// TestHostileDescriptions holds that no description makes a large model of small
// tensors.
func TestHostileDescriptions(t *testing.T) {
	file := safetensors(t,
		ckpt.New("w.weight", []int{2, 2}, make([]float32, 4)), ckpt.New("w.bias", []int{2}, make([]float32, 2)),
		ckpt.New("c.weight", []int{8192, 1, 1}, make([]float32, 8192)), ckpt.New("n.weight", []int{1}, make([]float32, 1)), ckpt.New("n.bias", []int{1}, make([]float32, 1)),
		ckpt.New("k.weight", []int{1, 1, 2}, make([]float32, 2)), ckpt.New("m.weight", []int{512, 512}, make([]float32, 512*512)))
	module := func(text string) string { return "[[input]]\nname = \"x\"\nshape = [2, 2]\n\n[[module]]\n" + text }
	for name, tc := range map[string]struct{ text, want string }{
		"padding":            {module("type = \"Pad\"\npadding = 4194304\n"), "moves more than 4194304 elements"},
		"layers":             {module("type = \"LSTM\"\nnum_layers = 1000000000\n"), "num_layers is 1000000000, want a whole number, 1 to 256"},
		"pools":              {module("type = \"AvgPool1d\"\nkernel_size = 4194305\n"), "kernel_size is 4194305"},
		"groups":             {"[[input]]\nname = \"x\"\nshape = [8192]\n[[module]]\ntype = \"Conv1d\"\nprefix = \"c\"\ngroups = 8192\nbias = false\n", "makes weights of more than"},
		"frames ahead":       {"[[input]]\nname = \"x\"\nshape = [1]\n[[module]]\ntype = \"Conv1d\"\nprefix = \"k\"\nbias = false\ndilation = 4000000\npadding = [0, 4000000]\n", "reads 4000000 frames ahead, want at most 4096"},
		"a norm of one":      {"[[input]]\nname = \"x\"\nshape = [268435456, 1]\n[[module]]\ntype = \"LayerNorm\"\nprefix = \"n\"\n", "makes weights of more than"},
		"one matrix in many": {"[[input]]\nname = \"x\"\nshape = [512]\n" + strings.Repeat("[[module]]\ntype=\"Linear\"\nprefix=\"m\"\nbias=false\nname=\"%d\"\n", 1000), "no module of the description has it"},
		"frames":             {"[[input]]\nname = \"x\"\nshape = [268435456]\n[[module]]\ntype = \"Slice\"\nstart = 1\n", "moves more than"},
		"a shape":            {"[[input]]\nname = \"x\"\nshape = [268435456, 268435456]\n[[module]]\ntype = \"ReLU\"\n", "more than 268435456 elements"},
		"reshape":            {module("type = \"Reshape\"\nshape = [268435456, 268435456]\n"), "want as many elements"},
		"a list":             {module("type = \"Concat\"\nfrom = [" + strings.Repeat("\"x\", ", 5000) + "\"x\"]\n"), "no module of the description has it"},
		"nesting":            {"name = " + strings.Repeat("[", maxTOML-10), ""},
		"size":               {strings.Repeat("#\n", maxTOML), "want at most 65536 of TOML"},
		"functions":          {strings.Repeat("[[module]]\ntype = \"GELU\"\n", 2000), "want a shape"},
	} {
		path := filepath.Join(t.TempDir(), "model.toml")
		for i := range strings.Count(tc.text, "%d") {
			tc.text = strings.Replace(tc.text, "%d", fmt.Sprint(i), 1)
		}
		if err := os.WriteFile(path, []byte(tc.text), 0o666); err != nil {
			t.Fatal(err)
		}
		bounded(t, name, func() {
			_, err := Import(file, Options{Description: path})
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%s: got %v, want …%s", name, err, tc.want)
			}
		})
	}
}

// safetensors writes tensors to a file of that format.
func safetensors(t testing.TB, tensors ...ckpt.Tensor) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := ckpt.WriteTensors(path, tensors, nil); err != nil {
		t.Fatal(err)
	}
	return path
}

// FuzzPickles holds that no file panics, and that what is read fits its shapes.
func FuzzPickles(f *testing.F) {
	for _, h := range hostilePickles(f) {
		if len(h.file) < 1<<12 {
			f.Add(h.file)
		}
	}
	object := dictPickle("a.weight", tensorOps("FloatStorage", "7", 6, 0, []int{3, 2}, []int{1, 3}))
	f.Add(legacy(object, []string{"7"}, make([]float32, 6)))
	f.Add(zipped(f, zip.Store, "m/data.pkl", object, "m/data/7", string(make([]byte, 24))))
	f.Fuzz(func(t *testing.T, data []byte) {
		tensors, err := decode(data)
		if err != nil {
			return
		}
		for _, x := range tensors {
			n := x.DType.Size()
			for _, d := range x.Shape {
				n *= d
			}
			if n != len(x.Data) {
				t.Errorf("tensor %q: %d bytes for shape %v of %v", x.Name, len(x.Data), x.Shape, x.DType)
			}
		}
		if m, err := (&file{path: "f", tensors: tensors, ordered: true}).assemble(nil, Options{}); err == nil && m.Verify() != nil {
			t.Errorf("a model that has faults: %v", m.Verify())
		}
	})
}

// FuzzDescription holds that no description panics, and that what is imported has no
// faults.
func FuzzDescription(f *testing.F) {
	f.Add([]byte(sileroTOML), true)
	f.Add([]byte("[[input]]\nname = \"x\"\nshape = [2, 2]\n[[module]]\ntype = \"Linear\"\nprefix = \"w\"\n[[module]]\ntype = \"Flatten\"\n[[output]]\nname = \"y\"\nfrom = \"flatten1\"\nlast = true\nlayout = \"BC\"\n"), true)
	f.Add([]byte(`{"ignore": ["w.*"], "module": [{"type": "LSTM", "prefix": "r", "proj_size": 1, "bidirectional": true}, {"type": "Softmax"}]}`), false)
	f.Add([]byte(`{"ignore": ["w.*"], "input": [{"name": "x", "shape": [2], "layout": "BTC"}], "module": [{"type": "LSTM", "prefix": "r"}, {"type": "Add", "from": ["r", "x"], "name": "s"}]}`), false)
	tensors := []ckpt.Tensor{ckpt.New("w.weight", []int{2, 2}, []float32{1, 0, 2, 3}), ckpt.New("w.bias", []int{2}, []float32{1, 2})}
	for name, shape := range map[string][]int{"weight_ih_l0": {8, 2}, "weight_hh_l0": {8, 2}, "bias_ih_l0": {8}, "bias_hh_l0": {8}} {
		n := 1
		for _, d := range shape {
			n *= d
		}
		tensors = append(tensors, ckpt.New("r."+name, shape, make([]float32, n)))
	}
	f.Fuzz(func(t *testing.T, text []byte, isTOML bool) {
		d, err := parseDescription("f", text, isTOML)
		if err != nil {
			return
		}
		m, err := (&file{path: "f", tensors: tensors}).assemble(d, Options{})
		if err == nil && m.Verify() != nil {
			t.Errorf("a model that has faults: %v", m.Verify())
		}
	})
}

// FuzzSafetensors holds that no file of that format panics, whatever its tensors are
// called and its metadata describe.
func FuzzSafetensors(f *testing.F) {
	add := func(meta map[string]string, tensors ...ckpt.Tensor) {
		var b bytes.Buffer
		if err := ckpt.EncodeTensors(&b, tensors, meta); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	w := ckpt.New("weight_ih_l0", []int{6, 1}, make([]float32, 6))
	h := ckpt.New("weight_hh_l0", []int{6, 2}, make([]float32, 12))
	add(nil, w, h, ckpt.New("out.weight", []int{1, 2}, make([]float32, 2)))
	add(map[string]string{metadataKey: `{"module": [{"type": "GRU", "bias": false}]}`}, w, h)
	add(nil, ckpt.New("out.weight_orig", []int{1, 2}, make([]float32, 2)), ckpt.New("out.weight_mask", []int{1, 2}, make([]float32, 2)))
	f.Fuzz(func(t *testing.T, data []byte) {
		tensors, meta, err := ckpt.DecodeTensors("f", bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		var d *description
		if text, ok := meta[metadataKey]; ok {
			if d, err = parseDescription("f", []byte(text), false); err != nil {
				return
			}
		}
		m, err := (&file{path: "f", tensors: tensors}).assemble(d, Options{})
		if err == nil && m.Verify() != nil {
			t.Errorf("a model that has faults: %v", m.Verify())
		}
	})
}
