package torch

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/ir/ckpt"
)

// The functions of this file write what torch.save does, sound or not.

// textOp is the opcode of a text.
func textOp(text string) string {
	return "X" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(text)))) + text
}

// intOp is the opcode of a whole number.
func intOp(n int) string { return "J" + string(binary.LittleEndian.AppendUint32(nil, uint32(n))) }

func tupleOp(numbers []int) string {
	var b strings.Builder
	b.WriteByte('(')
	for _, n := range numbers {
		b.WriteString(intOp(n))
	}
	b.WriteByte('t')
	return b.String()
}

// tensorOps is a tensor of a storage.
func tensorOps(class, key string, elements, offset int, shape, stride []int) string {
	return "ctorch._utils\n_rebuild_tensor_v2\n((" + textOp("storage") + "ctorch\n" + class + "\n" + textOp(key) + textOp("cpu") + intOp(elements) +
		"NtQ" + intOp(offset) + tupleOp(shape) + tupleOp(stride) + "\x89ccollections\nOrderedDict\n)RtR"
}

// dictPickle is a state dict of pairs of names and opcodes.
func dictPickle(pairs ...string) string {
	var b strings.Builder
	b.WriteString("\x80\x02ccollections\nOrderedDict\n)R(")
	for i := 0; i < len(pairs); i += 2 {
		b.WriteString(textOp(pairs[i]) + pairs[i+1])
	}
	b.WriteString("u.")
	return b.String()
}

// legacyFile is a file of the old format, with storages of float32.
func legacy(object string, keys []string, storages ...[]float32) []byte {
	var b bytes.Buffer
	b.Write(legacyMagic)
	b.WriteString("\x80\x02M\xe9\x03.\x80\x02}" + textOp("little_endian") + "\x88s.")
	b.WriteString(object)
	b.WriteString("\x80\x02](")
	for _, k := range keys {
		b.WriteString(textOp(k))
	}
	b.WriteString("e.")
	for _, s := range storages {
		b.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(s))))
		b.Write(floats(s))
	}
	return b.Bytes()
}

func floats(x []float32) []byte {
	var b []byte
	for _, v := range x {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

// zipped is a zip archive of pairs of names and contents.
func zipped(t testing.TB, method uint16, pairs ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(pairs); i += 2 {
		w, err := z.CreateHeader(&zip.FileHeader{Name: pairs[i], Method: method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(pairs[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// decode reads a file of either format.
func decode(data []byte) ([]ckpt.Tensor, error) {
	if bytes.HasPrefix(data, legacyMagic) {
		return decodeLegacy(data)
	}
	return decodeZip(data)
}

// TestPickledTensors reads tensors that share a storage: one behind another,
// transposed, and of no elements.
func TestPickledTensors(t *testing.T) {
	object := dictPickle(
		"a", tensorOps("FloatStorage", "7", 6, 0, []int{2, 2}, []int{2, 1}),
		"b", tensorOps("FloatStorage", "7", 6, 0, []int{3, 2}, []int{1, 3}),
		"c", tensorOps("FloatStorage", "7", 6, 6, []int{0}, []int{1}),
		"step", "K\x05",
	)
	storage := []float32{0, 1, 2, 3, 4, 5}
	for name, data := range map[string][]byte{
		"legacy": legacy(object, []string{"7"}, storage),
		"zip":    zipped(t, zip.Store, "m/data.pkl", object, "m/byteorder", "little", "m/data/7", string(floats(storage))),
	} {
		tensors, err := decode(data)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want := [][]float32{{0, 1, 2, 3}, {0, 3, 1, 4, 2, 5}, {}}
		if len(tensors) != len(want) {
			t.Fatalf("%s: %d tensors, want %d", name, len(tensors), len(want))
		}
		for i, w := range want {
			got, err := tensors[i].Float32s()
			if err != nil || !bytes.Equal(floats(got), floats(w)) {
				t.Errorf("%s: tensor %s is %v, %v, want %v", name, tensors[i].Name, got, err, w)
			}
		}
	}
}
