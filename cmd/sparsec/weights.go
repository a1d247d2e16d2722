package main

import (
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/sparsec/sparsec/compiler"
	"github.com/sparsec/sparsec/compiler/schedule"
	"github.com/sparsec/sparsec/compiler/verify"
	"github.com/sparsec/sparsec/ir/eval"
	"github.com/sparsec/sparsec/ir/sparse"
)

// weightsList is the value of repeated -weights flags.
type weightsList []schedule.Weights

func (l *weightsList) String() string {
	var all []string
	for _, w := range *l {
		all = append(all, weightsText(w))
	}
	return strings.Join(all, " ")
}

// weightsText is an entry as the flag reads it.
func weightsText(w schedule.Weights) string {
	if w.Tensor == "*" {
		return w.Precision.String()
	}
	return w.Tensor + "=" + w.Precision.String()
}

// Set reads a precision for all matrices, or for those that a pattern matches.
func (l *weightsList) Set(text string) error {
	glob, name, ok := strings.Cut(text, "=")
	if !ok {
		glob, name = "*", text
	}
	if _, err := path.Match(glob, ""); err != nil || glob == "" {
		return fmt.Errorf("pattern %q: want one of names, as in gru0.*=q16", glob)
	}
	precision, err := sparse.ParsePrecision(name)
	if err != nil {
		return err
	}
	*l = append(*l, schedule.Weights{Tensor: glob, Precision: precision})
	return nil
}

// reduced reports whether any weights are not to be float32.
func (l weightsList) reduced() bool {
	for _, w := range l {
		if w.Precision != sparse.Float32 {
			return true
		}
	}
	return false
}

// printWeightErrors says what weights that are not float32 cost in precision.
func printWeightErrors(w io.Writer, matrices []schedule.Entry) {
	for _, e := range matrices {
		if e.Error != nil {
			fmt.Fprintf(w, "%s as %s: %s\n", e.Name, e.Strategy.Weights, e.Error)
		}
	}
}

// printStoredError says how far the model with the weights that the package stores
// is from the one with float32 weights. It is what the user asked for, no fault.
func printStoredError(w io.Writer, p *compiler.Package, inputs []eval.Frame) error {
	stored, err := verify.Stored(p.Model, p.Program)
	if err != nil || stored == p.Model {
		return err
	}
	want, err := runReference(p.Model, inputs)
	if err != nil {
		return err
	}
	got, err := runReference(stored, inputs)
	if err != nil {
		return err
	}
	worst := 0.0
	for step := range want {
		worst = max(worst, largestError(got[step], want[step]))
	}
	_, err = fmt.Fprintf(w, "stored weights: outputs move by at most %.3g in float64; the package is held against the model with these weights\n", worst)
	return err
}
