package torch

import (
	"fmt"
	"math"

	"github.com/sparsec/sparsec/ir/ckpt"
)

// view is a tensor of a pickle: the part of a storage that its shape and strides
// reach from its offset. All are in elements.
type view struct {
	storage       *storage
	offset        int
	shape, stride []int
}

// tensor is the view with its elements in row-major order.
func (v *view) tensor(name string) (ckpt.Tensor, error) {
	t := ckpt.Tensor{Name: name, DType: v.storage.dtype, Shape: v.shape}
	count, err := v.extent()
	if err != nil {
		return t, fmt.Errorf("tensor %q: %w", name, err)
	}
	element := t.DType.Size()
	if v.contiguous() {
		t.Data = v.storage.data[v.offset*element : (v.offset+count)*element]
		return t, nil
	}
	t.Data = make([]byte, 0, count*element)
	t.Data = v.gather(t.Data, v.offset, 0)
	return t, nil
}

// extent is the number of elements, when all of them lie in the storage and are
// not more than it has: tensors that repeat elements are none of a state dict.
func (v *view) extent() (int, error) {
	fault := fmt.Errorf("shape %v with strides %v from element %d leaves a storage of %d elements", v.shape, v.stride, v.offset, v.storage.elements)
	count, last := 1, v.offset
	for i, n := range v.shape {
		if n < 0 || v.stride[i] < 0 || n > v.storage.elements || v.stride[i] > math.MaxInt32 {
			return 0, fault
		}
		if count *= n; count > v.storage.elements {
			return 0, fault
		}
		last += max(n-1, 0) * v.stride[i]
	}
	if v.offset < 0 || count > 0 && last >= v.storage.elements || v.offset > v.storage.elements {
		return 0, fault
	}
	return count, nil
}

// contiguous reports whether the elements lie one behind the other.
func (v *view) contiguous() bool {
	want := 1
	for i := len(v.shape) - 1; i >= 0; i-- {
		if v.shape[i] > 1 && v.stride[i] != want {
			return false
		}
		want *= v.shape[i]
	}
	return true
}

// gather appends the elements of the axes from axis on.
func (v *view) gather(to []byte, at, axis int) []byte {
	if axis == len(v.shape) {
		element := v.storage.dtype.Size()
		return append(to, v.storage.data[at*element:(at+1)*element]...)
	}
	for i := range v.shape[axis] {
		to = v.gather(to, at+i*v.stride[axis], axis+1)
	}
	return to
}
