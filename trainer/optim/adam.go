package optim

import (
	"math"

	"github.com/sparsec/sparsec/trainer/nn"
)

// Adam is the optimiser of Kingma & Ba 2015, with the decoupled weight decay of
// Loshchilov & Hutter 2019 (AdamW) where Decay is set:
//
//	m = Beta1·m + (1−Beta1)·g
//	v = Beta2·v + (1−Beta2)·g²
//	w = w − rate·Decay·w − rate·(m/(1−Beta1^t)) / (√(v/(1−Beta2^t)) + Epsilon)
type Adam[T nn.Float] struct {
	params []*nn.Param[T]
	cfg    AdamConfig
	m, v   [][]T
	steps  int
}

// AdamConfig holds the settings of Adam. A field that is zero has the value
// behind it; Decay's is none.
type AdamConfig struct {
	Beta1   float64 // 0.9
	Beta2   float64 // 0.999
	Epsilon float64 // 1e-8
	Decay   float64 // of weights, decoupled; biases are not decayed
}

func (c AdamConfig) withDefaults() AdamConfig {
	if c.Beta1 == 0 {
		c.Beta1 = 0.9
	}
	if c.Beta2 == 0 {
		c.Beta2 = 0.999
	}
	if c.Epsilon == 0 {
		c.Epsilon = 1e-8
	}
	return c
}

// NewAdam makes an optimiser of params.
func NewAdam[T nn.Float](params []*nn.Param[T], cfg AdamConfig) *Adam[T] {
	return &Adam[T]{params: params, cfg: cfg.withDefaults(), m: slots(params), v: slots(params)}
}

// Step changes the parameters.
func (o *Adam[T]) Step(rate float64) {
	o.steps++
	t := float64(o.steps)
	// The corrections of the start go into the rate and epsilon, which leaves one
	// square root and one division an element.
	root := math.Sqrt(1 - math.Pow(o.cfg.Beta2, t))
	lr := T(rate * root / (1 - math.Pow(o.cfg.Beta1, t)))
	epsilon := T(o.cfg.Epsilon * root)
	for i, p := range o.params {
		keep := T(1 - rate*decayOf(p, o.cfg.Decay))
		o.update(p, o.m[i], o.v[i], lr, epsilon, keep)
	}
}

func (o *Adam[T]) update(p *nn.Param[T], m, v []T, lr, epsilon, keep T) {
	beta1, beta2 := T(o.cfg.Beta1), T(o.cfg.Beta2)
	gain1, gain2 := T(1-o.cfg.Beta1), T(1-o.cfg.Beta2)
	m, v, grad := m[:len(p.Value)], v[:len(p.Value)], p.Grad[:len(p.Value)]
	for j, w := range p.Value {
		g := grad[j]
		m[j] = beta1*m[j] + gain1*g
		v[j] = beta2*v[j] + gain2*g*g
		p.Value[j] = keep*w - lr*m[j]/(T(math.Sqrt(float64(v[j])))+epsilon)
	}
}

// State returns the moments.
func (o *Adam[T]) State() State[T] {
	tensors := named(nil, o.params, "moment1", o.m)
	return State[T]{Steps: o.steps, Tensors: named(tensors, o.params, "moment2", o.v)}
}

// Restore copies the moments.
func (o *Adam[T]) Restore(s State[T]) error {
	if err := restore(o.State(), s); err != nil {
		return err
	}
	o.steps = s.Steps
	return nil
}
