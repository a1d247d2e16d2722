package onnx

import (
	"errors"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// field is one field of a message: a number, or the bytes of a string, a message or
// packed numbers.
type field struct {
	tag    protowire.Number
	typ    protowire.Type
	number uint64
	bytes  []byte // a part of the file, not a copy
}

// fields calls f for every field of a message in order, up to the first error.
func fields(message []byte, f func(field) error) error {
	for len(message) > 0 {
		tag, typ, n := protowire.ConsumeTag(message)
		if n < 0 {
			return protowire.ParseError(n)
		}
		message = message[n:]
		x := field{tag: tag, typ: typ}
		switch typ {
		case protowire.VarintType:
			x.number, n = protowire.ConsumeVarint(message)
		case protowire.Fixed32Type:
			var v uint32
			v, n = protowire.ConsumeFixed32(message)
			x.number = uint64(v)
		case protowire.Fixed64Type:
			x.number, n = protowire.ConsumeFixed64(message)
		case protowire.BytesType:
			x.bytes, n = protowire.ConsumeBytes(message)
		default:
			n = protowire.ConsumeFieldValue(tag, typ, message)
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		message = message[n:]
		if err := f(x); err != nil {
			return err
		}
	}
	return nil
}

// errWire is a field of another wire type than the format has.
var errWire = errors.New("a field has the wrong wire type")

// message is the bytes of a field that is a message or a string.
func (x field) message() ([]byte, error) {
	if x.typ != protowire.BytesType {
		return nil, fmt.Errorf("field %d: %w", x.tag, errWire)
	}
	return x.bytes, nil
}

// float is the value of a field that is a float.
func (x field) float() (float32, error) {
	if x.typ != protowire.Fixed32Type {
		return 0, fmt.Errorf("field %d: %w", x.tag, errWire)
	}
	return math.Float32frombits(uint32(x.number)), nil
}

// integer is the value of a field that is an integer.
func (x field) integer() (int64, error) {
	if x.typ != protowire.VarintType {
		return 0, fmt.Errorf("field %d: %w", x.tag, errWire)
	}
	return int64(x.number), nil
}

// each calls f for the numbers of a repeated field, packed or one by one; typ is
// their wire type.
func (x field) each(typ protowire.Type, f func(uint64) error) error {
	if x.typ == typ {
		return f(x.number)
	}
	packed, err := x.message()
	if err != nil {
		return err
	}
	for len(packed) > 0 {
		var v uint64
		var n int
		switch typ {
		case protowire.Fixed32Type:
			var w uint32
			w, n = protowire.ConsumeFixed32(packed)
			v = uint64(w)
		case protowire.Fixed64Type:
			v, n = protowire.ConsumeFixed64(packed)
		default:
			v, n = protowire.ConsumeVarint(packed)
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		packed = packed[n:]
		if err := f(v); err != nil {
			return err
		}
	}
	return nil
}
