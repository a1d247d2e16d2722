package sweep

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sparsec/sparsec/trainer"
)

// Cell is one run of an experiment.
type Cell struct {
	Index int
	Name  string // unique in the experiment, and that of its folder
	Group string // of the cells that differ by their seed only
	Seed  uint64
	// Config is that of the run. Paths of data are relative to a folder that the
	// caller knows. With PruneFrom its pruning is completed by
	// trainer.PruningConfig.FromDense.
	Config trainer.Config
	// PruneFrom is the index of the cell whose model says how far thresholds rise,
	// −1 for none. It is less than Index.
	PruneFrom int
}

// variant is a [[variant]] with its own keys taken out.
type variant struct {
	name, pruneFrom string
	axes            []string
	seeds           []int64 // nil: those of the experiment
	settings        map[string]any
}

// choice is a value of some axes.
type choice struct {
	label    string // empty without axes
	settings map[string]any
}

// expand makes the cells: variants in order, choices of their axes, seeds.
func (e *Experiment) expand(f *file) error {
	var quick map[string]any
	var faults []error
	note := func(err error) {
		if err != nil {
			faults = append(faults, err)
		}
	}
	seeds := f.Seeds
	var only []string
	if e.Quick {
		if f.Quick == nil {
			return errors.New("no [quick], want one for the quick form")
		}
		quick = merged(nil, f.Quick)
		var err error
		only, err = takeStrings(quick, "variants")
		note(err)
		seeds, err = takeSeeds(quick, seeds)
		note(err)
	}
	if len(seeds) == 0 {
		seeds = []int64{0}
	}
	names := map[string]bool{}
	for i, settings := range f.Variant {
		v, err := readVariant(settings)
		if v.seeds == nil || e.Quick {
			v.seeds = seeds
		}
		if err == nil && names[v.name] {
			err = errors.New("two of this name")
		}
		names[v.name] = true
		if err == nil && (only == nil || slices.Contains(only, v.name)) {
			err = e.add(f, v, quick)
		}
		if err != nil {
			note(fmt.Errorf("variant %d, %q: %w", i, v.name, err))
		}
	}
	for _, name := range only {
		if !names[name] {
			note(fmt.Errorf("quick: variants: no variant %q", name))
		}
	}
	return errors.Join(faults...)
}

func takeSeeds(settings map[string]any, otherwise []int64) ([]int64, error) {
	value, ok := settings["seeds"]
	delete(settings, "seeds")
	if !ok {
		return otherwise, nil
	}
	list, ok := value.([]any)
	if !ok {
		return nil, fmt.Errorf("seeds: %v, want a list of numbers", value)
	}
	var seeds []int64
	for _, item := range list {
		seed, ok := item.(int64)
		if !ok {
			return nil, fmt.Errorf("seeds: %v, want a whole number", item)
		}
		seeds = append(seeds, seed)
	}
	return seeds, nil
}

func readVariant(settings map[string]any) (v variant, err error) {
	v.settings = maps.Clone(settings)
	var errs [4]error
	v.name, errs[0] = takeString(v.settings, "name")
	v.pruneFrom, errs[1] = takeString(v.settings, "prune_from")
	v.axes, errs[2] = takeStrings(v.settings, "axes")
	v.seeds, errs[3] = takeSeeds(v.settings, nil)
	if err := errors.Join(errs[:]...); err != nil {
		return v, err
	}
	if v.name == "" || label(v.name) != v.name || strings.HasPrefix(v.name, ".") {
		return v, errors.New("want a name without spaces and slashes")
	}
	return v, nil
}

// add appends the cells of a variant.
func (e *Experiment) add(f *file, v variant, quick map[string]any) error {
	choices := []choice{{}}
	for _, axis := range v.axes {
		values, ok := f.Axes[axis]
		if !ok {
			return fmt.Errorf("axes: no axis %q, want one of %s", axis, strings.Join(f.order, ", "))
		}
		choices = product(choices, axis, values)
	}
	for _, c := range choices {
		group := v.name + c.label
		settings := merged(merged(merged(f.Base, v.settings), c.settings), quick)
		for _, seed := range v.seeds {
			if seed < 0 {
				return fmt.Errorf("seed %d, want 0 or more", seed)
			}
			cell := Cell{Index: len(e.Cells), Name: fmt.Sprintf("%s,seed=%d", group, seed), Group: group, Seed: uint64(seed), PruneFrom: -1}
			if err := e.complete(&cell, v, settings); err != nil {
				return fmt.Errorf("cell %s: %w", cell.Name, err)
			}
			e.Cells = append(e.Cells, cell)
		}
	}
	return nil
}

// product is every choice with every value of another axis. The last part of the
// axis's name is enough of a label.
func product(choices []choice, axis string, values []any) []choice {
	var all []choice
	short := axis[strings.LastIndexByte(axis, '.')+1:]
	for _, c := range choices {
		for _, value := range values {
			all = append(all, choice{
				label:    fmt.Sprintf("%s,%s=%s", c.label, short, label(value)),
				settings: merged(c.settings, nested(axis, value)),
			})
		}
	}
	return all
}

// complete fills in the configuration of a cell.
func (e *Experiment) complete(c *Cell, v variant, settings map[string]any) error {
	text, err := json.Marshal(settings)
	if err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&c.Config); err != nil {
		return err
	}
	if c.Config.Seed != 0 {
		return errors.New("seed among the settings, want seeds at the top")
	}
	c.Config.Seed = c.Seed
	checked := c.Config
	if d := &checked.Data; len(d.Paths) == 0 && (d.Task == "" || d.Task == trainer.Text) {
		d.GoRoot = "." // train learns the sources of Go without data
	} else if len(d.Paths) == 0 && d.Task == trainer.Image {
		d.Paths = []string{"."} // and MNIST of images
	}
	if v.pruneFrom != "" {
		if c.PruneFrom = e.beside(v.pruneFrom, c.Seed); c.PruneFrom < 0 {
			return fmt.Errorf("prune_from: no variant %q without axes before this one", v.pruneFrom)
		}
		checked.Pruning.Schedule, checked.Pruning.Density = "ramp", 0
	}
	return checked.Validate()
}

// beside is the cell of a variant without axes with a seed, −1 if there is none.
func (e *Experiment) beside(group string, seed uint64) int {
	return slices.IndexFunc(e.Cells, func(c Cell) bool { return c.Group == group && c.Seed == seed })
}

// Find is the cell of a name, or of a number in decimal.
func (e *Experiment) Find(name string) (*Cell, error) {
	for i := range e.Cells {
		if c := &e.Cells[i]; c.Name == name || fmt.Sprint(c.Index) == name {
			return c, nil
		}
	}
	return nil, fmt.Errorf("no cell %q, want 0 to %d or a name", name, len(e.Cells)-1)
}
