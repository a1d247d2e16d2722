package sweep

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// Experiment is what a file describes.
//
//	name = "warpeace"
//	title = "War and Peace"
//	seeds = [0, 1, 2]            # [0] where there are none
//
//	[base]                       # settings of every run: those of train -config
//	data.paths = ["warpeace_unix.txt"]
//	steps = 2000
//
//	[axes]                       # every combination of values is a run
//	"pruning.density" = [0.2, 0.1]
//
//	[[variant]]                  # what is compared
//	name = "dense"
//
//	[[variant]]
//	name = "ramp"
//	prune_from = "dense"         # thresholds from the run of that variant
//	seeds = [0]                  # instead of those at the top
//	axes = ["pruning.density"]   # the axes that vary; none where there is no such line
//	pruning.pattern = "lane8x8"
//
//	[quick]                      # instead, for a try
//	seeds = [0]
//	variants = ["dense", "ramp"] # all where there is no such line
//	steps = 20
//
// Settings of a variant prevail over those of base, a value of an axis over those
// of the variant, and quick over all.
type Experiment struct {
	Name  string // letters, digits and dashes, lower case: it names resources
	Title string
	Cells []Cell

	Source []byte // the file
	Quick  bool
}

// file is the experiment as TOML has it.
type file struct {
	Name    string           `toml:"name"`
	Title   string           `toml:"title"`
	Seeds   []int64          `toml:"seeds"`
	Base    map[string]any   `toml:"base"`
	Axes    map[string][]any `toml:"axes"`
	Variant []map[string]any `toml:"variant"`
	Quick   map[string]any   `toml:"quick"`

	order []string // of the axes in the file
}

var resourceName = regexp.MustCompile(`^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$`)

// Parse reads an experiment, in its quick form if that is asked for. path is what
// errors call it. All faults are reported, those of the configurations of the
// cells too.
func Parse(path string, source []byte, quick bool) (*Experiment, error) {
	var f file
	meta, err := toml.Decode(string(source), &f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	f.order = axisOrder(meta)
	e := &Experiment{Name: f.Name, Title: f.Title, Source: source, Quick: quick}
	if e.Title == "" {
		e.Title = f.Name
	}
	if err := errors.Join(f.check(meta), e.expand(&f)); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return e, nil
}

// axisOrder is the order in which a file names its axes.
func axisOrder(meta toml.MetaData) []string {
	var order []string
	for _, key := range meta.Keys() {
		if len(key) == 2 && key[0] == "axes" {
			order = append(order, key[1])
		}
	}
	return order
}

// check reports faults outside the settings.
func (f *file) check(meta toml.MetaData) error {
	var faults []error
	if !resourceName.MatchString(f.Name) {
		faults = append(faults, fmt.Errorf("name %q: want a letter and up to 39 letters, digits or dashes, in lower case", f.Name))
	}
	for _, key := range meta.Undecoded() {
		if len(key) == 1 { // settings within tables are checked later
			faults = append(faults, fmt.Errorf("%s: no such key, want name, title, seeds, base, axes, variant or quick", key))
		}
	}
	if len(f.Variant) == 0 {
		faults = append(faults, errors.New("no [[variant]], want at least one"))
	}
	for _, axis := range f.order {
		if len(f.Axes[axis]) == 0 {
			faults = append(faults, fmt.Errorf("axis %q: no values", axis))
		}
	}
	return errors.Join(faults...)
}

// takeStrings removes a list of strings from settings.
func takeStrings(settings map[string]any, key string) ([]string, error) {
	value, ok := settings[key]
	delete(settings, key)
	if !ok {
		return nil, nil
	}
	list, ok := value.([]any)
	if !ok {
		return nil, fmt.Errorf("%s: %v, want a list of names", key, value)
	}
	var names []string
	for _, item := range list {
		name, ok := item.(string)
		if !ok {
			return nil, fmt.Errorf("%s: %v, want a name", key, item)
		}
		names = append(names, name)
	}
	return names, nil
}

// takeString removes a string from settings; it is empty where there is none.
func takeString(settings map[string]any, key string) (string, error) {
	value, ok := settings[key]
	delete(settings, key)
	if !ok {
		return "", nil
	}
	text, ok := value.(string)
	if !ok {
		return "", fmt.Errorf("%s: %v, want a name", key, value)
	}
	return text, nil
}

// merged is base with the values of over on top, table by table. Neither is
// changed.
func merged(base, over map[string]any) map[string]any {
	m := maps.Clone(base)
	if m == nil {
		m = map[string]any{}
	}
	for key, value := range over {
		table, ok := value.(map[string]any)
		below, was := m[key].(map[string]any)
		switch {
		case ok && was:
			m[key] = merged(below, table)
		case ok:
			m[key] = merged(nil, table)
		default:
			m[key] = value
		}
	}
	return m
}

// nested is the settings in which a dotted key has a value.
func nested(key string, value any) map[string]any {
	parts := strings.Split(key, ".")
	for _, part := range slices.Backward(parts[1:]) {
		value = map[string]any{part: value}
	}
	return map[string]any{parts[0]: value}
}

// label is a value of an axis as part of a cell's name.
func label(value any) string {
	if list, ok := value.([]any); ok {
		var parts []string
		for _, item := range list {
			parts = append(parts, label(item))
		}
		return strings.Join(parts, "-")
	}
	return strings.NewReplacer("/", "_", string(filepath.Separator), "_", " ", "_").Replace(fmt.Sprint(value))
}
