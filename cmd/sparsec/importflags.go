package main

import (
	"flag"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/sparsec/sparsec/compiler/importer/onnx"
	"github.com/sparsec/sparsec/compiler/importer/torch"
)

// modelArgs is how usage lines call the file of a verb that reads any model.
const modelArgs = "MODEL"

// modelFiles is what help says of it.
const modelFiles = `MODEL is a checkpoint of sparsec, an ONNX file, or a state dict of PyTorch
(.safetensors, .pt, .pth, .ckpt); what it is, is told by its content.`

// importFlags are the flags about models that another program wrote: what their
// files leave open.
type importFlags struct {
	dims, sets, states wordMap
	axis               string
	gruReset           string
	description        string
}

func (f *importFlags) define(fs *flag.FlagSet) {
	fs.Var(&f.dims, "dim", "`NAME=N`: the size of a dimension that an ONNX file leaves open, as in batch=1, or INPUT:AXIS=N of one without a name; may be repeated")
	fs.Var(&f.sets, "set", "`INPUT=NUMBERS`: an input of an ONNX file that is always the same, as in sr=16000; may be repeated")
	fs.Var(&f.states, "state", "`IN=OUT`: the input and the output of an ONNX file that carry a state from step to step, where that is not found; may be repeated")
	fs.StringVar(&f.axis, "axis", "", "`INPUT:AXIS`: the axis along which the frames of an ONNX file lie, or none, where that is not found")
	fs.StringVar(&f.gruReset, "gru-reset", "", "`after` or before: what the reset gate multiplies in an ONNX file whose exporter may have left that out")
	fs.StringVar(&f.description, "model", "", "the description in `FILE` (TOML or JSON) of a state dict that has none in it or beside it")
}

// check is an error about values that no file allows.
func (f *importFlags) check() error {
	for name, value := range f.dims.all() {
		if n, err := strconv.Atoi(value); err != nil || n < 1 {
			return usagef("-dim %s=%s: want a whole number of at least 1", name, value)
		}
	}
	for name, value := range f.sets.all() {
		for number := range strings.SplitSeq(value, ",") {
			if _, err := strconv.ParseFloat(number, 64); err != nil {
				return usagef("-set %s=%s: want numbers divided by commas", name, value)
			}
		}
	}
	if f.gruReset != "" && f.gruReset != "after" && f.gruReset != "before" {
		return usagef("-gru-reset %q: want after or before", f.gruReset)
	}
	return nil
}

// settings are the flags that were given, as they stand in the header of a package
// and in the line by which go generate compiles it again. The description is a file:
// its path stands in that line alone.
func (f *importFlags) settings() []string {
	var s []string
	for _, m := range []struct {
		flag   string
		values wordMap
	}{{"-dim=", f.dims}, {"-set=", f.sets}, {"-state=", f.states}} {
		for name, value := range m.values.all() {
			s = append(s, m.flag+name+"="+value)
		}
	}
	if f.axis != "" {
		s = append(s, "-axis="+f.axis)
	}
	if f.gruReset != "" {
		s = append(s, "-gru-reset="+f.gruReset)
	}
	return s
}

// onnx are the options of the importer of ONNX.
func (f *importFlags) onnx(path string) (onnx.Options, error) {
	o := onnx.Options{Dims: map[string]int{}, Set: f.sets, Time: f.axis, GRUReset: f.gruReset}
	if f.description != "" {
		return o, usagef("%s: is no state dict: want it without -model", path)
	}
	for name, value := range f.dims.all() {
		o.Dims[name], _ = strconv.Atoi(value) // check has seen that it is one
	}
	for in, out := range f.states.all() {
		o.States = append(o.States, [2]string{in, out})
	}
	return o, nil
}

// torch are the options of the importer of state dicts.
func (f *importFlags) torch(path string) (torch.Options, error) {
	if s := f.settings(); len(s) > 0 {
		return torch.Options{}, usagef("%s: is a state dict, of which a description says all: want it without %s", path, strings.Join(s, " "))
	}
	return torch.Options{Description: f.description}, nil
}

// given lists the flags that were given, for an error about a file that needs none.
func (f *importFlags) given() string {
	s := f.settings()
	if f.description != "" {
		s = append(s, "-model="+f.description)
	}
	return strings.Join(s, " ")
}

// wordMap is the value of a repeated flag NAME=VALUE.
type wordMap map[string]string

// all goes through the pairs in the order of their names.
func (m wordMap) all() func(yield func(name, value string) bool) {
	return func(yield func(name, value string) bool) {
		for _, name := range slices.Sorted(maps.Keys(m)) {
			if !yield(name, m[name]) {
				return
			}
		}
	}
}

func (m *wordMap) String() string {
	var words []string
	for name, value := range m.all() {
		words = append(words, name+"="+value)
	}
	return strings.Join(words, " ")
}

func (m *wordMap) Set(text string) error {
	name, value, ok := strings.Cut(text, "=")
	if !ok || name == "" || value == "" {
		return fmt.Errorf("want a name, =, and a value")
	}
	if _, ok := (*m)[name]; ok {
		return fmt.Errorf("%s is named twice", name)
	}
	if *m == nil {
		*m = wordMap{}
	}
	(*m)[name] = value
	return nil
}
