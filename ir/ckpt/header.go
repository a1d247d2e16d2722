package ckpt

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/bits"
	"slices"
	"strconv"
	"unicode/utf8"
)

// metadataKey is the name in the header that is no tensor.
const metadataKey = "__metadata__"

// maxRank is the largest number of dimensions of a tensor.
const maxRank = 16

// entry is what the header says of a tensor.
type entry struct {
	name       string
	dtype      DType
	shape      []int
	begin, end uint64 // of the data, behind the header
}

// header is a parsed header; entries are in the order of their data.
type header struct {
	entries []entry
	meta    map[string]string
}

// parseHeader reads the JSON of a header whose data has size bytes. The error
// joins the faults of all tensors.
func parseHeader(text []byte, size uint64) (*header, error) {
	if !utf8.Valid(text) {
		return nil, errors.New("header is not UTF-8")
	}
	if len(text) == 0 || text[0] != '{' {
		return nil, errors.New("header does not begin with {: not a safetensors file")
	}
	p := headerParser{dec: json.NewDecoder(bytes.NewReader(text))}
	p.dec.UseNumber()
	h, err := p.header()
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	if rest := bytes.TrimRight(text[p.dec.InputOffset():], " \t\r\n"); len(rest) > 0 {
		return nil, fmt.Errorf("header: %d bytes behind the JSON", len(rest))
	}
	return h, h.place(size)
}

// headerParser walks the tokens of the header, so that a name given twice is
// seen and nothing is built that the format has no place for.
type headerParser struct{ dec *json.Decoder }

func (p *headerParser) header() (*header, error) {
	h := &header{meta: map[string]string{}}
	err := p.object(func(name string) error {
		if name == metadataKey {
			return within("metadata", p.object(func(key string) (err error) {
				h.meta[key], err = p.text(key)
				return err
			}))
		}
		e, err := p.entry(name)
		h.entries = append(h.entries, e)
		return within(fmt.Sprintf("tensor %q", name), err)
	})
	return h, err
}

// within says what an error is about.
func within(what string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func (p *headerParser) entry(name string) (entry, error) {
	e := entry{name: name}
	given := 0
	err := p.object(func(key string) error {
		given++
		switch key {
		case "dtype":
			word, err := p.text(key)
			if err != nil {
				return err
			}
			d, ok := dtypeOf(word)
			if !ok {
				return fmt.Errorf("unknown dtype %q", word)
			}
			e.dtype = d
			return nil
		case "shape":
			sizes, err := p.numbers(key, maxRank)
			for _, n := range sizes {
				if n > math.MaxInt {
					return fmt.Errorf("shape %v is too large", sizes)
				}
				e.shape = append(e.shape, int(n))
			}
			return err
		case "data_offsets":
			offsets, err := p.numbers(key, 2)
			if err != nil {
				return err
			}
			if len(offsets) != 2 {
				return fmt.Errorf("%d data_offsets, want 2", len(offsets))
			}
			e.begin, e.end = offsets[0], offsets[1]
			return nil
		}
		return fmt.Errorf("unknown key %q", key)
	})
	if err == nil && given != 3 {
		err = errors.New("want dtype, shape and data_offsets")
	}
	return e, err
}

// object reads an object; value reads what follows each key. A key given twice
// is an error.
func (p *headerParser) object(value func(key string) error) error {
	if err := p.delim('{'); err != nil {
		return err
	}
	seen := map[string]bool{}
	for p.dec.More() {
		token, err := p.token()
		if err != nil {
			return err
		}
		key, ok := token.(string)
		if !ok {
			return fmt.Errorf("%v, want a key", token)
		}
		if seen[key] {
			return fmt.Errorf("%q is given twice", key)
		}
		seen[key] = true
		if err := value(key); err != nil {
			return err
		}
	}
	return p.delim('}')
}

// numbers reads an array of at most n whole numbers.
func (p *headerParser) numbers(key string, n int) ([]uint64, error) {
	if err := p.delim('['); err != nil {
		return nil, within(key, err)
	}
	var numbers []uint64
	for p.dec.More() {
		token, err := p.token()
		if err != nil {
			return nil, within(key, err)
		}
		number, _ := token.(json.Number)
		x, err := strconv.ParseUint(number.String(), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%s: %v, want a whole number below 2^64", key, token)
		}
		if len(numbers) == n {
			return nil, fmt.Errorf("%s: more than %d numbers", key, n)
		}
		numbers = append(numbers, x)
	}
	return numbers, within(key, p.delim(']'))
}

func (p *headerParser) text(key string) (string, error) {
	token, err := p.token()
	if err != nil {
		return "", err
	}
	text, ok := token.(string)
	if !ok {
		return "", fmt.Errorf("%q is %v, want a string", key, token)
	}
	return text, nil
}

func (p *headerParser) delim(want json.Delim) error {
	token, err := p.token()
	if err != nil {
		return err
	}
	if token != want {
		return fmt.Errorf("%v, want %v", token, want)
	}
	return nil
}

func (p *headerParser) token() (json.Token, error) {
	token, err := p.dec.Token()
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return token, within("JSON", err)
}

// place sorts the entries by their data and holds them against the size of the
// data: every tensor as long as its shape says, no gap, no overlap, nothing
// left over.
func (h *header) place(size uint64) error {
	slices.SortStableFunc(h.entries, func(a, b entry) int {
		if a.begin != b.begin {
			return cmp.Compare(a.begin, b.begin)
		}
		return cmp.Compare(a.end, b.end)
	})
	var faults []error
	at, before := uint64(0), ""
	for _, e := range h.entries {
		if err := e.check(size); err != nil {
			faults = append(faults, within(fmt.Sprintf("tensor %q", e.name), err))
			at = max(at, min(e.end, size)) // no second fault for what follows
			before = e.name
			continue
		}
		switch {
		case e.begin < at:
			faults = append(faults, fmt.Errorf("tensor %q: data begins at byte %d, inside tensor %q", e.name, e.begin, before))
		case e.begin > at:
			faults = append(faults, fmt.Errorf("tensor %q: data begins at byte %d, want %d: a gap", e.name, e.begin, at))
		}
		if e.end >= at {
			at, before = e.end, e.name
		}
	}
	if len(faults) == 0 && at != size {
		faults = append(faults, fmt.Errorf("%d bytes of data behind the last tensor", size-at))
	}
	return errors.Join(faults...)
}

// check holds one tensor against its shape and the size of the data.
func (e *entry) check(size uint64) error {
	want, ok := byteSize(e.dtype, e.shape)
	switch {
	case !ok:
		return fmt.Errorf("shape %v of %v is too large", e.shape, e.dtype)
	case e.end < e.begin:
		return fmt.Errorf("data ends at byte %d, before it begins at %d", e.end, e.begin)
	case e.end > size:
		return fmt.Errorf("data ends at byte %d of %d: the file is truncated", e.end, size)
	case e.end-e.begin != want:
		return fmt.Errorf("%d bytes of data, want %d for shape %v of %v", e.end-e.begin, want, e.shape, e.dtype)
	}
	return nil
}

// byteSize is the size of a tensor in bytes, when an int can hold it.
func byteSize(d DType, shape []int) (uint64, bool) {
	n := uint64(d.Size())
	empty := slices.Contains(shape, 0)
	for _, dim := range shape {
		if dim < 0 {
			return 0, false
		}
		if empty {
			continue
		}
		high, low := bits.Mul64(n, uint64(dim))
		if high != 0 || low > math.MaxInt {
			return 0, false
		}
		n = low
	}
	if empty {
		return 0, true
	}
	return n, true
}
