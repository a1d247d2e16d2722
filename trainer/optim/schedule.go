package optim

import (
	"errors"
	"fmt"
	"math"
)

// Schedule is a learning rate as a pure function of the optimiser step, which
// counts from 0: nothing needs to be saved to resume it.
type Schedule interface {
	Rate(step int) float64
	// Validate lists the fields that make no sense.
	Validate() error
}

// Constant is the same rate for ever.
type Constant struct {
	Base float64
}

// Rate returns Base.
func (s Constant) Rate(int) float64 { return s.Base }

// Validate wants a positive rate.
func (s Constant) Validate() error { return positive("base rate", s.Base) }

// Stepped multiplies the rate by Factor after every Every steps.
type Stepped struct {
	Base   float64
	Factor float64
	Every  int
}

// Rate returns Base·Factor^⌊step/Every⌋.
func (s Stepped) Rate(step int) float64 {
	return s.Base * math.Pow(s.Factor, float64(step/s.Every))
}

// Validate wants positive fields.
func (s Stepped) Validate() error {
	return errors.Join(positive("base rate", s.Base), positive("factor", s.Factor), positive("every", float64(s.Every)))
}

// Exponential multiplies the rate by Factor once an epoch from epoch From on
// (the paper divides it so, from the first epoch: From 0).
type Exponential struct {
	Base          float64
	Factor        float64
	StepsPerEpoch int
	From          int // the first epoch, counted from 0, whose end changes the rate
}

// Rate returns Base·Factor^max(0, epoch−From).
func (s Exponential) Rate(step int) float64 {
	return s.Base * math.Pow(s.Factor, float64(max(0, step/s.StepsPerEpoch-s.From)))
}

// Validate wants positive fields, and From not negative.
func (s Exponential) Validate() error {
	return errors.Join(positive("base rate", s.Base), positive("factor", s.Factor),
		positive("steps per epoch", float64(s.StepsPerEpoch)), notNegative("from", float64(s.From)))
}

// Cosine falls from Base at step 0 to Floor at step Steps along half a cosine
// (Loshchilov & Hutter 2017, without restarts) and stays there.
type Cosine struct {
	Base, Floor float64
	Steps       int
}

// Rate returns Floor + (Base−Floor)·(1+cos(π·step/Steps))/2.
func (s Cosine) Rate(step int) float64 {
	done := min(float64(step)/float64(s.Steps), 1)
	return s.Floor + (s.Base-s.Floor)*(1+math.Cos(math.Pi*done))/2
}

// Validate wants 0 ≤ Floor ≤ Base and positive Steps.
func (s Cosine) Validate() error {
	return errors.Join(positive("base rate", s.Base), floorBelow(s.Floor, s.Base), positive("steps", float64(s.Steps)))
}

// Linear falls from Base at step 0 to Floor at step Steps in a straight line and
// stays there.
type Linear struct {
	Base, Floor float64
	Steps       int
}

// Rate returns Base + (Floor−Base)·step/Steps.
func (s Linear) Rate(step int) float64 {
	done := min(float64(step)/float64(s.Steps), 1)
	return s.Base + (s.Floor-s.Base)*done
}

// Validate wants 0 ≤ Floor ≤ Base and positive Steps.
func (s Linear) Validate() error {
	return errors.Join(positive("base rate", s.Base), floorBelow(s.Floor, s.Base), positive("steps", float64(s.Steps)))
}

// Warmup climbs in a straight line to the first rate of Then in Steps steps, and
// goes on with Then, whose steps count from the end of the climb.
type Warmup struct {
	Steps int
	Then  Schedule
}

// Rate returns Then.Rate(0)·(step+1)/Steps while it climbs: never zero.
func (s Warmup) Rate(step int) float64 {
	if step < s.Steps {
		return s.Then.Rate(0) * float64(step+1) / float64(s.Steps)
	}
	return s.Then.Rate(step - s.Steps)
}

// Validate wants Steps not negative and a valid Then.
func (s Warmup) Validate() error {
	if s.Then == nil {
		return errors.New("warm-up: no schedule to go on with")
	}
	return errors.Join(notNegative("warm-up steps", float64(s.Steps)), s.Then.Validate())
}

func positive(name string, v float64) error {
	if v > 0 && !math.IsInf(v, 0) {
		return nil
	}
	return fmt.Errorf("learning rate: %s is %v, want more than 0", name, v)
}

func notNegative(name string, v float64) error {
	if v >= 0 {
		return nil
	}
	return fmt.Errorf("learning rate: %s is %v, want 0 or more", name, v)
}

func floorBelow(floor, base float64) error {
	if floor >= 0 && floor <= base {
		return nil
	}
	return fmt.Errorf("learning rate: floor is %v, want 0 to %v", floor, base)
}
