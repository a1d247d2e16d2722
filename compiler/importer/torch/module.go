package torch

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/sparsec/sparsec/ir"
)

// kind is what a module of a type is: how many inputs it has and what it makes of
// them.
type kind struct {
	least, most int // inputs; most is 0 for any number
	build       func(m *module, x []*value) *value
	want        func(m *module, x *value) // gives an input of the model its frame; nil where that is not told by tensors
}

// arity is the number of inputs in words.
func (k kind) arity() string {
	switch k.most {
	case 0:
		return fmt.Sprintf("at least %d", k.least)
	case k.least:
		return fmt.Sprint(k.least)
	}
	return fmt.Sprintf("%d to %d", k.least, k.most)
}

// module is a module of a description.
type module struct {
	b       *builder
	kind    kind
	word    string // its type in the description
	name    string
	prefix  string
	from    []string
	options map[string]any // that are not taken yet
}

// modules reads the list of modules: types, names, and what each reads, which is the
// module before, or the first input.
func (b *builder) modules(d *description) []*module {
	before := defaultInput
	if len(d.Inputs) > 0 {
		before = d.Inputs[0].Name
	}
	var list []*module
	for i, options := range d.Modules {
		m := &module{b: b, options: maps.Clone(options)}
		m.word = m.text("type", "")
		m.prefix = m.text("prefix", "")
		m.name = m.text("name", strings.Trim(m.prefix, "."))
		if m.name == "" {
			m.name = fmt.Sprintf("%s%d", strings.ToLower(m.word), i)
		}
		m.from = m.texts("from", before)
		var ok bool
		if m.kind, ok = kinds[m.word]; !ok {
			b.fault("module %q: type %q, want one of %s", m.name, m.word, listed(slices.Sorted(maps.Keys(kinds))))
			continue
		}
		if m.flag("batch_first", false) {
			b.batchFirst = true
		}
		before = m.name
		list = append(list, m)
	}
	return list
}

// build adds the module to the model.
func (m *module) build() {
	var x []*value
	for _, name := range m.from {
		v, ok := m.b.values[name]
		if !ok {
			m.fault("from %q, want an input or an earlier module", name)
			v = &value{}
		}
		x = append(x, v)
	}
	switch {
	case m.b.values[m.name] != nil:
		m.fault("the name is taken")
		return
	case len(x) < m.kind.least || m.kind.most > 0 && len(x) > m.kind.most:
		m.fault("%d inputs, want %s", len(x), m.kind.arity())
		return
	}
	if m.word != "Embedding" {
		for i, v := range x {
			if v.bound > 0 {
				m.fault("reads %q, which is indices: want an Embedding", m.from[i])
				x[i] = &value{}
			}
		}
	}
	v := m.kind.build(m, x)
	if v == nil {
		v = &value{}
	}
	if v.shape != nil {
		if _, err := ir.Elements(v.shape); err != nil {
			m.fault("%w", err)
			v = &value{}
		}
	}
	if unknown := slices.Sorted(maps.Keys(m.options)); len(unknown) > 0 {
		m.fault("no such options: %s", listed(unknown))
	}
	m.b.values[m.name] = v
}

func (m *module) fault(format string, args ...any) {
	m.b.fault("module %q (%s): "+format, append([]any{m.name, m.word}, args...)...)
}

// full is the name of a tensor of the module.
func (m *module) full(tensor string) string {
	switch {
	case tensor == "":
		return m.prefix
	case m.prefix == "" || strings.HasSuffix(m.prefix, "."):
		return m.prefix + tensor
	}
	return m.prefix + "." + tensor
}

// shapeOf is the shape of a tensor of the module, nil where it is not there.
func (m *module) shapeOf(tensor string) []int {
	if t, ok := m.b.dict.tensors[m.full(tensor)]; ok {
		return t.Shape
	}
	return nil
}

// data takes a tensor, whose shape must be that wanted, unknown agreeing with any
// size. It is nil, and a fault, where it is not there or another.
func (m *module) data(tensor string, want ...int) ([]float32, []int) {
	name := m.full(tensor)
	t, ok := m.b.dict.tensors[name]
	if !ok {
		m.fault("tensor %q: is not in the file, want shape %s", name, wanted(want))
		return nil, nil
	}
	m.b.dict.taken[name] = true
	fits := len(t.Shape) == len(want)
	for i := 0; fits && i < len(want); i++ {
		fits = want[i] == unknown || want[i] == t.Shape[i]
	}
	if !fits {
		m.fault("tensor %q: shape %v, want %s", name, t.Shape, wanted(want))
		return nil, nil
	}
	if _, err := ir.Elements(t.Shape); err != nil {
		m.fault("tensor %q: %w", name, err)
		return nil, nil
	}
	values, err := m.b.dict.float32s(name)
	if err != nil {
		m.fault("%w", err)
		return nil, nil
	}
	return values, t.Shape
}

// param takes a tensor as a parameter and returns the parameter's name.
func (m *module) param(tensor string, want ...int) string {
	values, shape := m.data(tensor, want...)
	if values == nil {
		return ""
	}
	return m.b.param(m.full(tensor), shape, values)
}

// wanted is a shape for errors, * for a size of any kind.
func wanted(shape []int) string {
	words := make([]string, len(shape))
	for i, n := range shape {
		words[i] = fmt.Sprint(n)
		if n == unknown {
			words[i] = "*"
		}
	}
	return "[" + strings.Join(words, " ") + "]"
}

// take removes an option and returns it.
func (m *module) take(key string) (any, bool) {
	v, ok := m.options[key]
	delete(m.options, key)
	return v, ok
}

func (m *module) text(key, otherwise string) string {
	switch v, ok := m.take(key); text := v.(type) {
	case string:
		return text
	default:
		if ok {
			m.fault("%s is %v, want a text", key, v)
		}
		return otherwise
	}
}

// texts is a text or a list of them.
func (m *module) texts(key, otherwise string) []string {
	v, ok := m.take(key)
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		list := make([]string, len(v))
		for i, e := range v {
			if list[i], ok = e.(string); !ok {
				m.fault("%s is %v, want a list of texts", key, v)
			}
		}
		return list
	}
	if ok {
		m.fault("%s is %v, want a text or a list of texts", key, v)
	}
	return []string{otherwise}
}

func (m *module) flag(key string, otherwise bool) bool {
	switch v, ok := m.take(key); flag := v.(type) {
	case bool:
		return flag
	default:
		if ok {
			m.fault("%s is %v, want true or false", key, v)
		}
		return otherwise
	}
}

// whole is a whole number within bounds.
func (m *module) whole(key string, otherwise, least, most int) int {
	v, ok := m.take(key)
	if !ok {
		return otherwise
	}
	n, ok := wholeNumber(v)
	if !ok || n < least || n > most {
		m.fault("%s is %v, want a whole number, %d to %d", key, v, least, most)
		return otherwise
	}
	return n
}

// wholes is a whole number or a list of them.
func (m *module) wholes(key string, least, most int) []int {
	v, ok := m.take(key)
	if !ok {
		return nil
	}
	all, isList := v.([]any)
	if !isList {
		all = []any{v}
	}
	list := make([]int, len(all))
	for i, e := range all {
		if list[i], ok = wholeNumber(e); !ok || list[i] < least || list[i] > most {
			m.fault("%s is %v, want whole numbers, %d to %d", key, v, least, most)
			return nil
		}
	}
	return list
}

// number is a finite number.
func (m *module) number(key string, otherwise float64) float32 {
	v, ok := m.take(key)
	if !ok {
		return float32(otherwise)
	}
	x, ok := v.(float64)
	if n, isWhole := v.(int64); isWhole {
		x, ok = float64(n), true
	}
	if !ok || math.IsNaN(x) || math.Abs(x) > math.MaxFloat32 {
		m.fault("%s is %v, want a finite number", key, v)
	}
	return float32(x)
}

// wholeNumber is a number of TOML or JSON without a fraction.
func wholeNumber(v any) (int, bool) {
	switch n := v.(type) {
	case int64:
		return int(n), int64(int(n)) == n
	case float64:
		return int(n), n == math.Trunc(n) && math.Abs(n) <= math.MaxInt32
	}
	return 0, false
}

// skip takes options of PyTorch's constructors that change nothing of what is
// computed.
func (m *module) skip(keys ...string) {
	for _, key := range keys {
		m.take(key)
	}
}
