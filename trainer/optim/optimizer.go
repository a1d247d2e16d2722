package optim

import (
	"fmt"

	"github.com/sparsec/sparsec/trainer/nn"
)

// Optimizer changes parameters along their gradients.
type Optimizer[T nn.Float] interface {
	// Step changes the values of all parameters by their gradients, which it
	// leaves as they are. rate is the learning rate of this step.
	Step(rate float64)
	// State lists what is carried from step to step. The tensors are the
	// optimiser's own memory: copy or write them before the next Step.
	State() State[T]
	// Restore copies s, which a State of an optimiser of the same kind over the
	// same parameters gave. It changes nothing when s does not fit.
	Restore(s State[T]) error
}

// State is what an optimiser carries from step to step.
type State[T nn.Float] struct {
	Steps   int         // done so far
	Tensors []Tensor[T] // in a fixed order, names unique
}

// Tensor is a named part of a State: the parameter's name, a point, and what it
// is of the parameter.
type Tensor[T nn.Float] struct {
	Name string
	Data []T // as long as the parameter
}

// slots are tensors as long as the parameters, one per parameter.
func slots[T nn.Float](params []*nn.Param[T]) [][]T {
	s := make([][]T, len(params))
	for i, p := range params {
		s[i] = make([]T, len(p.Value))
	}
	return s
}

// named adds the slots to tensors under the parameters' names and suffix.
func named[T nn.Float](tensors []Tensor[T], params []*nn.Param[T], suffix string, slots [][]T) []Tensor[T] {
	for i, p := range params {
		tensors = append(tensors, Tensor[T]{Name: p.Name + "." + suffix, Data: slots[i]})
	}
	return tensors
}

// restore copies the tensors of from to those of to when names and lengths fit.
func restore[T nn.Float](to, from State[T]) error {
	if from.Steps < 0 {
		return fmt.Errorf("optimiser state: %d steps, want none or more", from.Steps)
	}
	if len(from.Tensors) != len(to.Tensors) {
		return fmt.Errorf("optimiser state: %d tensors, want %d", len(from.Tensors), len(to.Tensors))
	}
	for i, want := range to.Tensors {
		got := from.Tensors[i]
		if got.Name != want.Name {
			return fmt.Errorf("optimiser state: tensor %d is %q, want %q", i, got.Name, want.Name)
		}
		if len(got.Data) != len(want.Data) {
			return fmt.Errorf("optimiser state: tensor %q: %d elements, want %d", got.Name, len(got.Data), len(want.Data))
		}
	}
	for i, t := range to.Tensors {
		copy(t.Data, from.Tensors[i].Data)
	}
	return nil
}
