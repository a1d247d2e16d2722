package trainer

import (
	"github.com/sparsec/sparsec/trainer/nn"
	"github.com/sparsec/sparsec/trainer/optim"
)

// optimizer makes the optimiser of params.
func (c OptimizerConfig) optimizer(params []*nn.Param[float32]) optim.Optimizer[float32] {
	if c.Kind == "adam" {
		return optim.NewAdam(params, optim.AdamConfig{Decay: c.Decay})
	}
	return optim.NewSGD(params, optim.SGDConfig{Momentum: c.Momentum, Decay: c.Decay})
}

// rates is the learning rate over a run of that many steps.
func (c OptimizerConfig) rates(total, perEpoch int) optim.Schedule {
	falling := max(total-c.Warmup, 1)
	var s optim.Schedule
	switch c.Schedule {
	case "linear":
		s = optim.Linear{Base: c.Rate, Floor: c.Floor * c.Rate, Steps: falling}
	case "cosine":
		s = optim.Cosine{Base: c.Rate, Floor: c.Floor * c.Rate, Steps: falling}
	case "stepped":
		every := c.Every
		setDefault(&every, max(falling/10, 1))
		s = optim.Stepped{Base: c.Rate, Factor: c.Factor, Every: every}
	case "exponential":
		s = optim.Exponential{Base: c.Rate, Factor: c.Factor, StepsPerEpoch: perEpoch, From: c.From}
	default:
		s = optim.Constant{Base: c.Rate}
	}
	if c.Warmup > 0 {
		return optim.Warmup{Steps: c.Warmup, Then: s}
	}
	return s
}
