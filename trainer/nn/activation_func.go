package nn

import (
	"fmt"
	"math"
)

// Func is an element-wise function whose derivative is known from its value.
type Func uint8

const (
	Tanh        Func = iota
	Sigmoid          // 1/(1+exp(−x))
	ReLU             // max(x, 0)
	ClippedReLU      // min(max(x, 0), clip)
)

// String returns the function's name as package ir spells it.
func (f Func) String() string {
	switch f {
	case Tanh:
		return "Tanh"
	case Sigmoid:
		return "Sigmoid"
	case ReLU:
		return "ReLU"
	case ClippedReLU:
		return "ClippedReLU"
	}
	return fmt.Sprintf("Func(%d)", uint8(f))
}

// nonlinearity is a Func with its clip.
type nonlinearity[T Float] struct {
	fn   Func
	clip T
}

// newNonlinearity panics for a function that does not exist or a clip that is
// not positive where one is needed.
func newNonlinearity[T Float](fn Func, clip float64) nonlinearity[T] {
	if fn > ClippedReLU {
		panic("nn: no such function: " + fn.String())
	}
	if fn == ClippedReLU && !(clip > 0) {
		panic(fmt.Sprintf("nn: clip of ClippedReLU is %v, want more than 0", clip))
	}
	return nonlinearity[T]{fn: fn, clip: T(clip)}
}

// apply replaces every x by f(x).
func (f nonlinearity[T]) apply(x []T) {
	switch f.fn {
	case Tanh:
		tanhAll(x)
	case Sigmoid:
		sigmoidAll(x)
	case ReLU:
		for i, v := range x {
			if v < 0 {
				x[i] = 0
			}
		}
	case ClippedReLU:
		for i, v := range x {
			if v < 0 {
				x[i] = 0
			} else if v > f.clip {
				x[i] = f.clip
			}
		}
	}
}

// slope is f′(x) where y = f(x). At the kinks of ReLU and ClippedReLU it is 0, as
// for PyTorch's relu.
func (f nonlinearity[T]) slope(y T) T {
	switch {
	case f.fn == Tanh:
		return 1 - y*y
	case f.fn == Sigmoid:
		return y * (1 - y)
	case y <= 0 || f.fn == ClippedReLU && y >= f.clip:
		return 0
	}
	return 1
}

// backward writes dx = dy·f′ where y = f(x). dx may be dy.
func (f nonlinearity[T]) backward(dx, dy, y []T) {
	dx, y = dx[:len(dy)], y[:len(dy)]
	for i, d := range dy {
		dx[i] = d * f.slope(y[i])
	}
}

// tanhAll replaces every x by tanh(x).
func tanhAll[T Float](x []T) {
	switch x := any(x).(type) {
	case []float32:
		tanhFloat32(x)
	case []float64:
		for i, v := range x {
			x[i] = math.Tanh(v)
		}
	}
}

// sigmoidAll replaces every x by 1/(1+exp(−x)).
func sigmoidAll[T Float](x []T) {
	switch x := any(x).(type) {
	case []float32:
		sigmoidFloat32(x)
	case []float64:
		for i, v := range x {
			x[i] = 1 / (1 + math.Exp(-v))
		}
	}
}

// softmaxAll writes exp(x−m)/Σ exp(x−m) to y and returns the sum, where m = x[best]
// is the largest x. row is scratch of softmaxRoom(len(x)) elements.
func softmaxAll[T Float](y, x []T, best int, row []T) (sum float64) {
	switch x := any(x).(type) {
	case []float32:
		return softmaxFloat32(any(y).([]float32), x, best, any(row).([]float32))
	case []float64:
		y := any(y).([]float64)
		for i, v := range x {
			y[i] = math.Exp(v - x[best])
			sum += y[i]
		}
		for i := range y {
			y[i] /= sum
		}
	}
	return sum
}

// softmaxPortable is softmaxAll, summing in float64 and in order.
func softmaxPortable(y, x []float32, best int) (sum float64) {
	most := x[best]
	for i, v := range x {
		y[i] = exp32(v - most)
		sum += float64(y[i])
	}
	scale := float32(1 / sum)
	for i := range y {
		y[i] *= scale
	}
	return sum
}
