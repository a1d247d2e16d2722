package ir

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// FieldKind says what a field of an op names.
type FieldKind uint8

// The kinds of fields, after the `ir` tag.
const (
	AttrField  FieldKind = iota // a plain attribute: a word or a number
	ParamField                  // the name of a Param
	StateField                  // the name of a State
)

// Field is one tagged field of an op. The walk over fields is the only place
// that knows the attributes of ops: printing, parsing, renaming and the checks
// of names go through it.
type Field struct {
	Keyword  string
	Kind     FieldKind
	Optional bool
	index    int
	value    reflect.Value
}

// Name is the parameter or state that the field names; empty when it is absent,
// and for a plain attribute.
func (f Field) Name() string {
	if f.Kind == AttrField {
		return ""
	}
	return f.value.String()
}

// opKinds holds a zero op of every kind, in the order of ops.go.
var opKinds = []Op{
	Linear{}, Constant{}, Embedding{}, RNN{}, GRU{}, LSTM{}, Activation{}, Recall{}, Store{}, Concat{},
	Pick{}, Reduce{}, Normalize{}, Binary{}, Softmax{}, Ahead{}, Hold{},
}

// opOf returns the zero op of a keyword.
func opOf(kind string) (Op, bool) {
	for _, op := range opKinds {
		if op.Kind() == kind {
			return op, true
		}
	}
	return nil, false
}

// isKnown reports whether op is a value (not a pointer) of a type in ops.go.
func isKnown(op Op) bool {
	for _, k := range opKinds {
		if reflect.TypeOf(op) == reflect.TypeOf(k) {
			return true
		}
	}
	return false
}

// Fields lists the tagged fields of an op in the order of their declaration.
// The op is one of the types of this package, by value.
func Fields(op Op) []Field { return fieldsOf(reflect.ValueOf(op)) }

func fieldsOf(v reflect.Value) []Field {
	fields := slices.Clone(layouts[v.Type()])
	for i := range fields {
		fields[i].value = v.Field(fields[i].index)
	}
	return fields
}

// layouts holds the fields of every kind of op, without values.
var layouts = func() map[reflect.Type][]Field {
	all := map[reflect.Type][]Field{}
	for _, op := range opKinds {
		t := reflect.TypeOf(op)
		all[t] = layoutOf(t)
	}
	return all
}()

// layoutOf reads the tags of a type.
func layoutOf(t reflect.Type) []Field {
	fields := make([]Field, 0, t.NumField())
	for i := range t.NumField() {
		words := strings.Split(t.Field(i).Tag.Get("ir"), ",")
		f := Field{Keyword: words[0], index: i}
		for _, w := range words[1:] {
			switch w {
			case "param":
				f.Kind = ParamField
			case "state":
				f.Kind = StateField
			case "optional":
				f.Optional = true
			default:
				panic(fmt.Sprintf("ir: field %s.%s: unknown tag word %q", t.Name(), t.Field(i).Name, w))
			}
		}
		fields = append(fields, f)
	}
	return fields
}

// ParamNames lists the parameters that an op names, without absent ones.
func ParamNames(op Op) []string { return namesOf(op, ParamField) }

// StateNames lists the states that an op names.
func StateNames(op Op) []string { return namesOf(op, StateField) }

func namesOf(op Op, kind FieldKind) []string {
	var names []string
	for _, f := range Fields(op) {
		if f.Kind == kind && f.Name() != "" {
			names = append(names, f.Name())
		}
	}
	return names
}
