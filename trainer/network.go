package trainer

import (
	"fmt"
	"strconv"

	"github.com/sparsec/sparsec/trainer/data"
	"github.com/sparsec/sparsec/trainer/nn"
)

// Names of the layers around the recurrent ones, which are called by their cell
// and number: gru0, gru1, and of a reverse layer gru0_reverse.
const (
	embedName   = "embed"
	headName    = "out"
	scaleName   = "standardise"
	reverseName = "_reverse"
)

// network builds the layers for a corpus, without values but for the scale of
// features.
func (c ModelConfig) network(corpus *Corpus) (*nn.Stack[float32], error) {
	var layers []nn.Layer[float32]
	width := corpus.Input.Width
	switch {
	case corpus.Input.Bound > 0:
		layers = append(layers, nn.NewEmbedding[float32](embedName, corpus.Input.Bound, c.Embed))
		width = c.Embed
	case corpus.FeatureScale != nil:
		layers = append(layers, standardise(*corpus.FeatureScale))
	}
	masks, err := c.masks(corpus)
	if err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	layers = append(layers, masks...)
	front, width := c.front(width)
	layers = append(layers, front...)
	for i, hidden := range c.Hidden {
		name := string(c.Cell) + strconv.Itoa(i)
		layers = append(layers, c.recurrent(name, width, hidden))
		width = layers[len(layers)-1].OutputWidth()
		layers = append(layers, c.norm("norm"+strconv.Itoa(i), width)...)
		if c.Dropout > 0 {
			layers = append(layers, nn.NewDropout[float32]("dropout"+strconv.Itoa(i), width, c.Dropout))
		}
	}
	layers = append(layers, c.rowConv(width)...)
	if corpus.Task == Class || corpus.Task == Image {
		layers = append(layers, nn.NewLastStep[float32](width))
	}
	layers = append(layers, nn.NewLinear[float32](headName, width, corpus.Outputs))
	stack, err := nn.NewStack(corpus.Input, layers...)
	if err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	return stack, nil
}

// standardise brings features to mean 0 and deviation 1.
func standardise(s data.Scale) *nn.Scale[float32] {
	l := nn.NewScale[float32](scaleName, len(s.Mean)).Fix()
	for i, deviation := range s.Deviation {
		l.Factor.Value[i] = 1 / deviation
		l.Shift.Value[i] = -s.Mean[i] / deviation
	}
	return l
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
	switch t {
	case Frames:
		return &nn.MSE[float32]{}
	case CTC:
		return &nn.CTC[float32]{Blank: Blank}
	}
	return &nn.CrossEntropy[float32]{}
}
