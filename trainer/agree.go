package trainer

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// mayDiffer are the fields in which a run that is resumed may differ: they change
// no result, or, as where the data lie, are covered by the digest of the data.
var mayDiffer = []string{"checkpoint_every", "data.go_root", "data.paths", "data.test_paths", "data.valid_paths"}

// agree lists where a checkpoint contradicts the configuration or the data.
func (t *Trainer) agree(meta map[string]string) error {
	current, err := json.Marshal(t.cfg)
	if err != nil {
		return err
	}
	ours, err := flatten(current)
	if err != nil {
		return err
	}
	theirs, err := flatten([]byte(meta[checkpointConfig]))
	if err != nil {
		return fmt.Errorf("metadata %q: %w", checkpointConfig, err)
	}
	var errs []error
	all := maps.Clone(theirs)
	maps.Copy(all, ours)
	for _, field := range slices.Sorted(maps.Keys(all)) {
		if ours[field] != theirs[field] && !slices.Contains(mayDiffer, field) {
			errs = append(errs, fmt.Errorf("%s: is %s in the checkpoint, %s in the configuration", field, shown(theirs[field]), shown(ours[field])))
		}
	}
	if meta[checkpointData] != t.corpus.digest {
		errs = append(errs, errors.New("data: are not what the checkpoint was trained on"))
	}
	return errors.Join(errs...)
}

// flatten maps the fields of a JSON object, by their path, to their JSON.
func flatten(text []byte) (map[string]string, error) {
	flat := map[string]string{}
	return flat, flattenInto(flat, "", text)
}

func flattenInto(flat map[string]string, path string, text []byte) error {
	var object map[string]json.RawMessage
	if path != "" && (len(text) == 0 || text[0] != '{') {
		flat[path] = string(text)
		return nil
	}
	if err := json.Unmarshal(text, &object); err != nil {
		return err
	}
	for name, value := range object {
		if path != "" {
			name = path + "." + name
		}
		if err := flattenInto(flat, name, value); err != nil {
			return err
		}
	}
	return nil
}

// shown is a field's JSON, or a word for one that is left out.
func shown(value string) string {
	if value == "" {
		return "absent"
	}
	return value
}
