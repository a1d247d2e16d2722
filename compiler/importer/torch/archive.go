package torch

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/nlpodyssey/gopickle/types"

	"github.com/sparsec/sparsec/ir/ckpt"
)

// maxRank is the largest number of dimensions of a tensor.
const maxRank = 16

// decodeZip reads what torch.save has written since PyTorch 1.6: a zip archive
// with a pickle and a file for each storage, none of them compressed.
func decodeZip(file []byte) ([]ckpt.Tensor, error) {
	r, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return nil, err
	}
	a := zipArchive{file: file, entries: map[string]*zip.File{}, read: map[string]*storage{}}
	for _, f := range r.File {
		_, record, _ := strings.Cut(f.Name, "/") // the first folder is named after the file
		if _, ok := a.entries[record]; ok {
			return nil, fmt.Errorf("two files %q in the archive", record)
		}
		a.entries[record] = f
	}
	return a.tensors()
}

type zipArchive struct {
	file    []byte
	entries map[string]*zip.File // by the name below the archive's folder
	read    map[string]*storage
}

func (a *zipArchive) tensors() ([]ckpt.Tensor, error) {
	if _, ok := a.entries["constants.pkl"]; ok {
		return nil, errors.New("a TorchScript archive, want a state dict: torch.save(torch.jit.load(PATH).state_dict(), OTHER)")
	}
	if a.entries["data.pkl"] == nil {
		return nil, errors.New("a zip archive without data.pkl: not a file of torch.save")
	}
	if order, err := a.bytes("byteorder"); err == nil && string(order) != "little" {
		return nil, fmt.Errorf("byte order %.20q, want little", order)
	}
	data, err := a.bytes("data.pkl")
	if err != nil {
		return nil, err
	}
	value, _, err := unpickle(data, a.storage)
	if err != nil {
		return nil, err
	}
	return tensorsOf(value, len(a.file))
}

// bytes are those of a file of the archive.
func (a *zipArchive) bytes(name string) ([]byte, error) {
	f := a.entries[name]
	if f == nil {
		return nil, fmt.Errorf("no file %q in the archive", name)
	}
	if f.Method != zip.Store {
		return nil, fmt.Errorf("file %q of the archive is compressed, which torch.save does not do", name)
	}
	at, err := f.DataOffset()
	if err != nil {
		return nil, fmt.Errorf("file %q of the archive: %w", name, err)
	}
	if n := f.UncompressedSize64; at > int64(len(a.file)) || n > uint64(int64(len(a.file))-at) {
		return nil, fmt.Errorf("file %q of the archive: %d bytes, more than are there", name, n)
	}
	return a.file[at : at+int64(f.UncompressedSize64)], nil
}

// storage reads the storage of a key.
func (a *zipArchive) storage(dtype ckpt.DType, key string, elements int) (*storage, error) {
	s := a.read[key]
	if s == nil {
		data, err := a.bytes(path.Join("data", key))
		if err != nil {
			return nil, err
		}
		s = &storage{dtype: dtype, elements: len(data) / dtype.Size(), data: data}
		a.read[key] = s
	}
	if s.dtype != dtype || s.elements < elements {
		return nil, fmt.Errorf("storage %.40q: %d elements of %v, want %d of %v", key, s.elements, s.dtype, elements, dtype)
	}
	return s, nil
}

// legacyMagic is the pickle that old files begin with.
var legacyMagic = []byte("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.")

// decodeLegacy reads what torch.save wrote before: pickles of a magic number, a
// version, facts of the machine, the object and the keys of the storages; then, in
// the order of the keys, the number of elements of each storage, and these.
func decodeLegacy(file []byte) ([]ckpt.Tensor, error) {
	rest := file[len(legacyMagic):]
	l := legacyFile{found: map[string]*storage{}}
	var object any
	for i := range 3 {
		find := l.storage
		if i < 2 {
			find = nil
		}
		value, n, err := unpickle(rest, find)
		if err != nil {
			return nil, err
		}
		if i == 0 && value != 1001 {
			return nil, fmt.Errorf("version %v of the format, want 1001", value)
		}
		if facts, ok := value.(*types.Dict); ok && i == 1 {
			if little, ok := facts.Get("little_endian"); ok && little != true {
				return nil, errors.New("written on a big-endian machine, want a little-endian file")
			}
		}
		object, rest = value, rest[n:]
	}
	keys, n, err := unpickle(rest, nil)
	if err != nil {
		return nil, fmt.Errorf("keys of the storages: %w", err)
	}
	if err := l.fill(keys, rest[n:]); err != nil {
		return nil, err
	}
	return tensorsOf(object, len(file))
}

type legacyFile struct{ found map[string]*storage }

// storage is that of a key; its elements lie behind the pickles.
func (l *legacyFile) storage(dtype ckpt.DType, key string, elements int) (*storage, error) {
	s := l.found[key]
	if s == nil {
		s = &storage{dtype: dtype, elements: elements}
		l.found[key] = s
	}
	if s.dtype != dtype || s.elements != elements {
		return nil, fmt.Errorf("storage %.40q: %d elements of %v and %d of %v", key, s.elements, s.dtype, elements, dtype)
	}
	return s, nil
}

// fill gives every storage its part of the data.
func (l *legacyFile) fill(keys any, data []byte) error {
	list, ok := keys.(*types.List)
	if !ok {
		return errors.New("keys of the storages: want a list")
	}
	for _, key := range *list {
		name, _ := key.(string)
		s := l.found[name]
		if s == nil || s.data != nil {
			return fmt.Errorf("storage %.40q: no tensor has it, or its key is there twice", name)
		}
		if len(data) < 8 {
			return fmt.Errorf("storage %.40q: the file is truncated", name)
		}
		n := binary.LittleEndian.Uint64(data)
		data = data[8:]
		if n != uint64(s.elements) || n > uint64(len(data)/s.dtype.Size()) {
			return fmt.Errorf("storage %.40q: %d elements where its tensors have %d and %d bytes of the file are left", name, n, s.elements, len(data))
		}
		end := s.elements * s.dtype.Size()
		s.data, data = data[:end:end], data[end:]
	}
	for key, s := range l.found {
		if s.data == nil && s.elements > 0 {
			return fmt.Errorf("storage %.40q: its key is not listed", key)
		}
	}
	return nil
}

// stateKeys are the keys under which training programs put the state dict beside
// other things.
var stateKeys = []string{"state_dict", "model_state_dict", "model"}

// tensorsOf are the tensors of a state dict in its order. Keys of what is no
// tensor are left out.
func tensorsOf(value any, fileSize int) ([]ckpt.Tensor, error) {
	items, ok := dictItems(value)
	if !ok {
		return nil, errors.New("the pickle is no dict, want a state dict: torch.save(model.state_dict(), PATH)")
	}
	for _, key := range stateKeys {
		if i := slices.IndexFunc(items, func(e item) bool { return e.key == key }); i >= 0 {
			if inner, ok := dictItems(items[i].value); ok {
				items = inner
			}
		}
	}
	var tensors []ckpt.Tensor
	var faults []error
	total := 0
	for _, e := range items {
		v, ok := e.value.(*view)
		if !ok {
			continue
		}
		if len(v.shape) > maxRank {
			return nil, fmt.Errorf("tensor %q: %d dimensions, want at most %d", e.key, len(v.shape), maxRank)
		}
		t, err := v.tensor(e.key)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		// Tensors may share a storage, as the weights of an embedding and of the
		// last layer do; not so that a small file becomes a large model.
		if total += len(t.Data); total > 4*fileSize {
			return nil, fmt.Errorf("tensors share their storages so that they have more than 4 times the %d bytes of the file", fileSize)
		}
		tensors = append(tensors, t)
	}
	return tensors, errors.Join(faults...)
}

// item is an entry of a dict.
type item struct {
	key   string
	value any
}

// dictItems are the entries of a dict whose keys are texts.
func dictItems(value any) ([]item, bool) {
	var items []item
	add := func(key, value any) {
		if name, ok := key.(string); ok {
			items = append(items, item{name, value})
		}
	}
	switch d := value.(type) {
	case *types.OrderedDict:
		for e := d.List.Front(); e != nil; e = e.Next() {
			entry := e.Value.(*types.OrderedDictEntry)
			add(entry.Key, entry.Value)
		}
	case *types.Dict:
		for _, entry := range *d {
			add(entry.Key, entry.Value)
		}
	default:
		return nil, false
	}
	return items, true
}
