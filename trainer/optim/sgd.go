package optim

import "github.com/sparsec/sparsec/trainer/nn"

// SGD is stochastic gradient descent with Nesterov's momentum in the form of
// Sutskever et al. 2013, as PyTorch computes it:
//
//	g = gradient + Decay·w
//	v = Momentum·v + g
//	w = w − rate·(g + Momentum·v)
type SGD[T nn.Float] struct {
	params   []*nn.Param[T]
	cfg      SGDConfig
	velocity [][]T
	steps    int
}

// SGDConfig holds the settings of SGD. The zero value is plain descent.
type SGDConfig struct {
	Momentum float64 // 0 ≤ Momentum < 1; 0.9 or 0.99 as a rule
	Decay    float64 // of weights, coupled (L2); biases are not decayed
}

// NewSGD makes an optimiser of params.
func NewSGD[T nn.Float](params []*nn.Param[T], cfg SGDConfig) *SGD[T] {
	return &SGD[T]{params: params, cfg: cfg, velocity: slots(params)}
}

// Step changes the parameters.
func (o *SGD[T]) Step(rate float64) {
	o.steps++
	lr, momentum := T(rate), T(o.cfg.Momentum)
	for i, p := range o.params {
		decay := T(decayOf(p, o.cfg.Decay))
		v, grad := o.velocity[i][:len(p.Value)], p.Grad[:len(p.Value)]
		for j, w := range p.Value {
			g := grad[j] + decay*w
			v[j] = momentum*v[j] + g
			p.Value[j] = w - lr*(g+momentum*v[j])
		}
	}
}

// State returns the velocities.
func (o *SGD[T]) State() State[T] {
	return State[T]{Steps: o.steps, Tensors: named(nil, o.params, "velocity", o.velocity)}
}

// Restore copies the velocities.
func (o *SGD[T]) Restore(s State[T]) error {
	if err := restore(o.State(), s); err != nil {
		return err
	}
	o.steps = s.Steps
	return nil
}

// decayOf is the decay of a parameter: none for a bias.
func decayOf[T nn.Float](p *nn.Param[T], decay float64) float64 {
	if p.Cols == 1 && !p.Prunable {
		return 0
	}
	return decay
}
