package ir

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Function is an element-wise function with its numbers.
type Function struct {
	Func              Func
	Clip, Alpha, Beta float32
}

// FuncSpec is a Function in words, as a gate of a cell names it: the word of the
// function and its numbers, "hard_sigmoid:0.2:0.5" or "clipped_relu:6".
type FuncSpec string

// numbers is how many of Alpha and Beta a function has.
func (f Func) numbers() int {
	switch f {
	case HardSigmoid, ScaledTanh, Affine, Clamp:
		return 2
	case LeakyReLU, ThresholdedReLU, ELU, Power:
		return 1
	}
	return 0
}

// Spec is the function in words.
func (f Function) Spec() FuncSpec {
	words := []string{f.Func.String()}
	for _, x := range f.given() {
		words = append(words, strconv.FormatFloat(float64(x), 'g', -1, 32))
	}
	return FuncSpec(strings.Join(words, ":"))
}

// given are the numbers that the function has.
func (f Function) given() []float32 {
	if f.Func == ClippedReLU {
		return []float32{f.Clip}
	}
	return []float32{f.Alpha, f.Beta}[:f.Func.numbers()]
}

// Or is the function of the words, or that given where there are none. It panics
// on words that [Model.Verify] reports.
func (s FuncSpec) Or(otherwise Func) Function {
	if s == "" {
		return Function{Func: otherwise}
	}
	f, err := s.parse()
	if err != nil {
		panic("ir: " + err.Error())
	}
	return f
}

// parse reads the words.
func (s FuncSpec) parse() (Function, error) {
	words := strings.Split(string(s), ":")
	i := slices.Index(funcWords, words[0])
	if i < 0 {
		return Function{}, fmt.Errorf("function %q, want one of %s", words[0], strings.Join(funcWords, ", "))
	}
	f := Function{Func: Func(i)}
	places := []*float32{&f.Alpha, &f.Beta}[:f.Func.numbers()]
	if f.Func == ClippedReLU {
		places = []*float32{&f.Clip}
	}
	if len(words)-1 != len(places) {
		return Function{}, fmt.Errorf("function %q has %d numbers, want %d", s, len(words)-1, len(places))
	}
	for k, word := range words[1:] {
		x, err := strconv.ParseFloat(word, 32)
		if err != nil {
			return Function{}, fmt.Errorf("function %q: %q is no float32", s, word)
		}
		*places[k] = float32(x)
	}
	return f, f.fault()
}

// fault says what is wrong with the numbers.
func (f Function) fault() error {
	finite := func(x float32) bool { return !math.IsNaN(float64(x)) && !math.IsInf(float64(x), 0) }
	switch {
	case f.Func != ClippedReLU && f.Clip != 0:
		return fmt.Errorf("clip %v with func %v, want none", f.Clip, f.Func)
	case f.Func == ClippedReLU && !(f.Clip > 0 && finite(f.Clip)):
		return fmt.Errorf("clip %v, want a finite number above 0", f.Clip)
	case f.Func.numbers() < 1 && f.Alpha != 0:
		return fmt.Errorf("alpha %v with func %v, want none", f.Alpha, f.Func)
	case f.Func.numbers() < 2 && f.Beta != 0:
		return fmt.Errorf("beta %v with func %v, want none", f.Beta, f.Func)
	case !finite(f.Alpha) || !finite(f.Beta):
		return fmt.Errorf("alpha %v and beta %v of func %v, want finite numbers", f.Alpha, f.Beta, f.Func)
	case f.Func == Clamp && f.Alpha > f.Beta:
		return fmt.Errorf("clamp from %v to %v, want the lower bound first", f.Alpha, f.Beta)
	}
	return nil
}

// Function is that of the op.
func (o Activation) Function() Function { return Function(o) }

// Function is that of the op.
func (o RNN) Function() Function { return Function{o.Func, o.Clip, o.Alpha, o.Beta} }

// Function is that of the candidate.
func (o GRU) Function() Function { return Function{Func: o.Func, Alpha: o.Alpha, Beta: o.Beta} }
