package trainer

import (
	"fmt"
	"strconv"

	"github.com/sparsec/sparsec/trainer/nn"
)

// This file builds the layers around the recurrent ones that networks over
// recordings have.

const (
	normEpsilon = 1e-5
	convClip    = 20 // of the clipped ReLU behind a convolution, as in Deep Speech 2
)

// masks hide parts of recordings, nothing where none are wanted.
func (c ModelConfig) masks(corpus *Corpus) ([]nn.Layer[float32], error) {
	if c.MaskFrames == 0 && c.MaskFeatures == 0 {
		return nil, nil
	}
	width := corpus.Input.Width
	period := width / corpus.Sound.Stack
	if c.MaskFeatures > period {
		return nil, fmt.Errorf("mask_features: %d, want at most the %d of a frame", c.MaskFeatures, period)
	}
	return []nn.Layer[float32]{nn.NewMask[float32]("mask", width, period, c.MaskFrames, c.MaskFeatures)}, nil
}

// front is a convolution over time for each of Conv, with a clipped ReLU. A model of
// both directions reads as many frames behind as before, and a forward one reads
// before only, so that it can be stepped.
func (c ModelConfig) front(width int) (layers []nn.Layer[float32], out int) {
	before, ahead := c.ConvFrames-1, 0
	if c.Bidirectional {
		before, ahead = c.ConvFrames/2, (c.ConvFrames-1)/2
	}
	for i, channels := range c.Conv {
		name := "conv" + strconv.Itoa(i)
		kernel := nn.NewLinear[float32](name, c.ConvFrames*width, channels)
		kernel.Weight.Prunable = false
		layers = append(layers,
			nn.NewWindow[float32](name+"_window", width, before, ahead), kernel,
			nn.NewActivation[float32](channels, nn.ClippedReLU, convClip))
		width = channels
	}
	return layers, width
}

// norm is the normalisation of a value, nothing without one.
func (c ModelConfig) norm(name string, width int) []nn.Layer[float32] {
	switch c.Norm {
	case "layer":
		return []nn.Layer[float32]{nn.NewNormalize[float32](width, normEpsilon), nn.NewScale[float32](name, width)}
	case "batch":
		return []nn.Layer[float32]{nn.NewBatchNorm[float32](name+"_batch", width, normEpsilon), nn.NewScale[float32](name, width)}
	}
	return nil
}

// rowConv is a row convolution over the frames ahead, nothing without one. With
// Delay the model answers so many frames later instead, and reads no frame ahead.
func (c ModelConfig) rowConv(width int) []nn.Layer[float32] {
	if c.RowConv == 0 {
		return nil
	}
	before, ahead := 0, c.RowConv
	if c.Delay {
		before, ahead = c.RowConv, 0
	}
	return []nn.Layer[float32]{
		nn.NewWindow[float32]("rowconv_window", width, before, ahead),
		nn.NewDepthwise[float32]("rowconv", c.RowConv+1, width),
	}
}
