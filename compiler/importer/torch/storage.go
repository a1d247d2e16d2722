package torch

import (
	"fmt"

	"github.com/nlpodyssey/gopickle/types"

	"github.com/sparsec/sparsec/ir/ckpt"
)

// storage is the memory that tensors lie in.
type storage struct {
	dtype    ckpt.DType
	elements int
	data     []byte // little-endian; nil until it is read
}

// storageClass is the class of a storage.
type storageClass ckpt.DType

// classes are what the pickle of a state dict may name beside OrderedDict, which
// the library knows.
var classes = map[string]any{
	"torch.DoubleStorage":             storageClass(ckpt.F64),
	"torch.FloatStorage":              storageClass(ckpt.F32),
	"torch.HalfStorage":               storageClass(ckpt.F16),
	"torch.BFloat16Storage":           storageClass(ckpt.BF16),
	"torch.LongStorage":               storageClass(ckpt.I64),
	"torch.IntStorage":                storageClass(ckpt.I32),
	"torch.ShortStorage":              storageClass(ckpt.I16),
	"torch.CharStorage":               storageClass(ckpt.I8),
	"torch.ByteStorage":               storageClass(ckpt.U8),
	"torch.BoolStorage":               storageClass(ckpt.Bool),
	"torch._utils._rebuild_tensor_v2": call(rebuildTensor),
	"torch._utils._rebuild_parameter": call(rebuildParameter),
	"torch.Size":                      call(size),
}

// findClass is a class by its module and name.
func findClass(module, name string) (any, error) {
	if c, ok := classes[module+"."+name]; ok {
		return c, nil
	}
	return nil, fmt.Errorf("class %q: the file holds more than a state dict, and objects of classes are not read, for that can run code; "+
		"in Python, save the tensors alone: torch.save(model.state_dict(), PATH), or use the file that sparsec export-script prints", module+"."+name)
}

// call is a function that a pickle calls.
type call func(args []any) (any, error)

// Call is that of the library's Callable.
func (c call) Call(args ...any) (any, error) { return c(args) }

// rebuildTensor makes a tensor of storage, offset, shape, strides, whether it has a
// gradient, and hooks.
func rebuildTensor(args []any) (any, error) {
	if len(args) < 4 {
		return nil, fmt.Errorf("_rebuild_tensor_v2 of %d arguments, want at least 4", len(args))
	}
	s, isStorage := args[0].(*storage)
	offset, isInt := args[1].(int)
	shape, hasShape := numbers(args[2])
	stride, hasStride := numbers(args[3])
	if !isStorage || !isInt || !hasShape || !hasStride || len(shape) != len(stride) {
		return nil, fmt.Errorf("_rebuild_tensor_v2: want a storage, an offset, a shape and as many strides")
	}
	return &view{storage: s, offset: offset, shape: shape, stride: stride}, nil
}

// rebuildParameter makes an nn.Parameter, which is its tensor.
func rebuildParameter(args []any) (any, error) {
	if len(args) > 0 {
		if v, ok := args[0].(*view); ok {
			return v, nil
		}
	}
	return nil, fmt.Errorf("_rebuild_parameter: want a tensor")
}

// size is a torch.Size, which is a tuple.
func size(args []any) (any, error) {
	if len(args) == 1 {
		if t, ok := args[0].(*types.Tuple); ok {
			return t, nil
		}
	}
	return nil, fmt.Errorf("torch.Size: want a tuple")
}

// numbers are the elements of a tuple of whole numbers.
func numbers(value any) ([]int, bool) {
	tuple, ok := value.(*types.Tuple)
	if !ok {
		return nil, false
	}
	list := make([]int, len(*tuple))
	for i, element := range *tuple {
		if list[i], ok = element.(int); !ok {
			return nil, false
		}
	}
	return list, true
}

// persistentLoad resolves the reference to a storage: "storage", class, key,
// device, number of elements, and in legacy files a view that is None.
func persistentLoad(find storages) func(any) (any, error) {
	return func(id any) (any, error) {
		tuple, ok := id.(*types.Tuple)
		if !ok || tuple.Len() < 5 {
			return nil, fmt.Errorf("pickle: reference to an object outside that is no storage")
		}
		if kind, _ := tuple.Get(0).(string); kind != "storage" {
			return nil, fmt.Errorf("pickle: reference to a %.20q: the file holds a whole module; in Python, save its tensors alone: torch.save(model.state_dict(), PATH)", kind)
		}
		class, isClass := tuple.Get(1).(storageClass)
		key, isText := tuple.Get(2).(string)
		elements, isInt := tuple.Get(4).(int)
		if !isClass || !isText || !isInt || elements < 0 {
			return nil, fmt.Errorf("pickle: reference to a storage, want its class, key, device and size")
		}
		if tuple.Len() > 5 && tuple.Get(5) != nil {
			return nil, fmt.Errorf("storage %.40q: a view of another storage, which PyTorch has not written since 2016", key)
		}
		return find(ckpt.DType(class), key, elements)
	}
}
