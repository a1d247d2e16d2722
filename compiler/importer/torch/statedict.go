package torch

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/sparsec/sparsec/ir/ckpt"
)

// stateDict is the tensors of a file by name, and which of them a module has
// taken.
type stateDict struct {
	order   []string // as the file has them
	ordered bool     // and as the program defined them
	tensors map[string]ckpt.Tensor
	taken   map[string]bool
	read    map[string][]float32 // by name; modules may share them, and change none in place
}

// newStateDict folds the pairs that torch.nn.utils.prune leaves: NAME_orig and
// NAME_mask, whose product is NAME.
func newStateDict(tensors []ckpt.Tensor, ordered bool, ignore []string) (*stateDict, []error) {
	d := &stateDict{ordered: ordered, tensors: map[string]ckpt.Tensor{}, taken: map[string]bool{}, read: map[string][]float32{}}
	var faults []error
	var order []string
	for _, t := range tensors {
		if _, ok := d.tensors[t.Name]; ok {
			faults = append(faults, fmt.Errorf("tensor %q: is there twice", t.Name))
			continue
		}
		if !ignored(t.Name, ignore) {
			order = append(order, t.Name)
			d.tensors[t.Name] = t
		}
	}
	for _, name := range order {
		stays, err := d.fold(name)
		if err != nil {
			faults = append(faults, err)
		}
		if stays != "" {
			d.order = append(d.order, stays)
		}
	}
	return d, faults
}

// ignored reports whether a pattern of the description names the tensor.
// BatchNorm's num_batches_tracked is of no use to anyone here.
func ignored(name string, patterns []string) bool {
	if strings.HasSuffix("."+name, ".num_batches_tracked") {
		return true
	}
	return slices.ContainsFunc(patterns, func(p string) bool {
		ok, _ := path.Match(p, name)
		return ok
	})
}

const (
	origSuffix = "_orig"
	maskSuffix = "_mask"
)

// fold replaces a pair by its product and returns the name that takes the place of
// the given one, nothing in place of a mask.
func (d *stateDict) fold(name string) (string, error) {
	if base, ok := strings.CutSuffix(name, maskSuffix); ok {
		_, folded := d.tensors[base]
		_, paired := d.tensors[base+origSuffix]
		if !folded && !paired {
			return name, fmt.Errorf("tensor %q: without %q, want both of what torch.nn.utils.prune leaves", name, base+origSuffix)
		}
		return "", nil
	}
	base, ok := strings.CutSuffix(name, origSuffix)
	if !ok {
		return name, nil
	}
	orig, mask := d.tensors[name], d.tensors[base+maskSuffix]
	switch _, both := d.tensors[base]; {
	case mask.Name == "":
		return name, fmt.Errorf("tensor %q: without %q, want both of what torch.nn.utils.prune leaves", name, base+maskSuffix)
	case both:
		return name, fmt.Errorf("tensor %q: is there beside %q and %q, of which it is the product", base, name, mask.Name)
	case !slices.Equal(orig.Shape, mask.Shape):
		return name, fmt.Errorf("tensor %q: shape %v, want %v of %q", mask.Name, mask.Shape, orig.Shape, name)
	}
	product, err := masked(base, orig, mask)
	if err != nil {
		return name, err
	}
	delete(d.tensors, name)
	delete(d.tensors, mask.Name)
	d.tensors[base] = product
	return base, nil
}

// masked is the product of weights and a mask of zeros and ones.
func masked(name string, orig, mask ckpt.Tensor) (ckpt.Tensor, error) {
	weights, err := orig.Float32s()
	if err != nil {
		return ckpt.Tensor{}, err
	}
	keeps, err := maskOf(mask)
	if err != nil {
		return ckpt.Tensor{}, err
	}
	kept := slices.Clone(weights)
	for i, keep := range keeps {
		if !keep {
			kept[i] = 0
		}
	}
	return ckpt.New(name, orig.Shape, kept), nil
}

func maskOf(t ckpt.Tensor) ([]bool, error) {
	keeps := make([]bool, 0, len(t.Data)/t.DType.Size())
	if t.DType == ckpt.Bool || t.DType == ckpt.U8 || t.DType == ckpt.I8 {
		for i, b := range t.Data {
			if b > 1 {
				return nil, fmt.Errorf("tensor %q: element %d is %d, want a mask of 0 and 1", t.Name, i, b)
			}
			keeps = append(keeps, b == 1)
		}
		return keeps, nil
	}
	values, err := t.Float32s()
	if err != nil {
		return nil, err
	}
	for i, v := range values {
		if v != 0 && v != 1 {
			return nil, fmt.Errorf("tensor %q: element %d is %v, want a mask of 0 and 1", t.Name, i, v)
		}
		keeps = append(keeps, v == 1)
	}
	return keeps, nil
}

// float32s are the elements of a tensor.
func (d *stateDict) float32s(name string) ([]float32, error) {
	if x, ok := d.read[name]; ok {
		return x, nil
	}
	x, err := d.tensors[name].Float32s()
	if err == nil {
		d.read[name] = x
	}
	return x, err
}

// surplus lists what no module has taken.
func (d *stateDict) surplus() []error {
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(d.tensors)) {
		if !d.taken[name] {
			faults = append(faults, fmt.Errorf("tensor %q: no module of the description has it; if it is not needed, add it to ignore", name))
		}
	}
	return faults
}
