package trainer

import (
	"fmt"
	"strconv"

	"github.com/sparsec/sparsec/trainer/nn"
)

// Names of the layers around the recurrent ones, which are called by their cell
// and number: gru0, gru1, and of a reverse layer gru0_reverse.
const (
	embedName   = "embed"
	headName    = "out"
	reverseName = "_reverse"
)

// network builds the layers for a task, without values.
func (c ModelConfig) network(task Task, input nn.InputKind, outputs int) (*nn.Stack[float32], error) {
	var layers []nn.Layer[float32]
	width := input.Width
	if input.Bound > 0 {
		layers = append(layers, nn.NewEmbedding[float32](embedName, input.Bound, c.Embed))
		width = c.Embed
	}
	for i, hidden := range c.Hidden {
		name := string(c.Cell) + strconv.Itoa(i)
		layers = append(layers, c.recurrent(name, width, hidden))
		width = layers[len(layers)-1].OutputWidth()
		if c.Dropout > 0 {
			layers = append(layers, nn.NewDropout[float32]("dropout"+strconv.Itoa(i), width, c.Dropout))
		}
	}
	if task == Class {
		layers = append(layers, nn.NewLastStep[float32](width))
	}
	layers = append(layers, nn.NewLinear[float32](headName, width, outputs))
	stack, err := nn.NewStack(input, layers...)
	if err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	return stack, nil
}

// recurrent is a layer in one or both directions.
func (c ModelConfig) recurrent(name string, width, hidden int) nn.Layer[float32] {
	if !c.Bidirectional {
		return c.cell(name, width, hidden)
	}
	return nn.NewBidirectional(c.cell(name, width, hidden), c.cell(name+reverseName, width, hidden))
}

func (c ModelConfig) cell(name string, width, hidden int) nn.Recurrent[float32] {
	fn := map[string]nn.Func{"tanh": nn.Tanh, "relu": nn.ReLU, "clipped-relu": nn.ClippedReLU}[c.Func]
	switch c.Cell {
	case RNN:
		return nn.NewRNN[float32](name, width, hidden, fn, c.Clip)
	case LSTM:
		return nn.NewLSTM[float32](name, width, hidden)
	}
	mode := nn.ResetAfter
	if c.Reset == "before" {
		mode = nn.ResetBefore
	}
	return nn.NewGRU[float32](name, width, hidden, mode, fn, c.Clip)
}

// lossOf is what a task minimises.
func lossOf(t Task) nn.Loss[float32] {
	if t == Frames {
		return &nn.MSE[float32]{}
	}
	return &nn.CrossEntropy[float32]{}
}
