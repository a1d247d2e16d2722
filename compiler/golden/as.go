package golden

import (
	"fmt"
	"strconv"
	"strings"
)

// As says that a tensor of the model is an array of the file that goes by another
// name or holds what the tensor is in several steps.
//
// With a Window an array of one dimension is cut for an input: the tensor of step k
// is the Window elements that end at element (k+1)·Hop, zeros before the array's
// beginning. It is how a streaming model reads a signal with the samples before.
type As struct {
	Tensor, Array string
	Window, Hop   int // 0 for the array as it is
}

// ParseAs reads TENSOR=ARRAY or TENSOR=ARRAY:WINDOW:HOP.
func ParseAs(text string) (As, error) {
	tensor, array, ok := strings.Cut(text, "=")
	a := As{Tensor: tensor, Array: array}
	if words := strings.Split(array, ":"); len(words) > 2 {
		window, err := strconv.Atoi(words[len(words)-2])
		hop, err2 := strconv.Atoi(words[len(words)-1])
		if err == nil && err2 == nil {
			if hop < 1 || window < hop || window > maxElements {
				return As{}, fmt.Errorf("%q: want a window that is at least as long as its hop, and a hop of at least 1", text)
			}
			a.Array, a.Window, a.Hop = strings.Join(words[:len(words)-2], ":"), window, hop
		}
	}
	if !ok || a.Tensor == "" || a.Array == "" {
		return As{}, fmt.Errorf("%q: want TENSOR=ARRAY or TENSOR=ARRAY:WINDOW:HOP", text)
	}
	return a, nil
}

// String is what ParseAs reads.
func (a As) String() string {
	text := a.Tensor + "=" + a.Array
	if a.Window > 0 {
		text += fmt.Sprintf(":%d:%d", a.Window, a.Hop)
	}
	return text
}
