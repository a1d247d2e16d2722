package sweep

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/sparsec/sparsec/trainer"
)

const example = `
name = "toy"
seeds = [4, 5]

[base]
data.paths = ["text"]
model.hidden = [32]
model.embed = 8
steps = 50
pruning.begin = 0.1

[axes]
"pruning.density" = [0.2, 0.05]
"model.hidden" = [[16], [24, 12]]

[[variant]]
name = "dense"
pruning.begin = 0.0

[[variant]]
name = "ramp"
prune_from = "dense"
pruning.density = 0.25

[[variant]]
name = "grid"
axes = ["model.hidden", "pruning.density"]
pruning.pattern = "lane8x8"

[quick]
seeds = [1]
variants = ["dense", "ramp"]
steps = 5
`

func parse(t *testing.T, source string, quick bool) *Experiment {
	t.Helper()
	e, err := Parse("toy.toml", []byte(source), quick)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestCells: the grid in its order, the settings by their rank.
func TestCells(t *testing.T) {
	e := parse(t, example, false)
	var names []string
	for i, c := range e.Cells {
		names = append(names, c.Name)
		if c.Index != i {
			t.Errorf("cell %d has index %d", i, c.Index)
		}
	}
	want := []string{
		"dense,seed=4", "dense,seed=5", "ramp,seed=4", "ramp,seed=5",
		"grid,hidden=16,density=0.2,seed=4", "grid,hidden=16,density=0.2,seed=5",
		"grid,hidden=16,density=0.05,seed=4", "grid,hidden=16,density=0.05,seed=5",
		"grid,hidden=24-12,density=0.2,seed=4", "grid,hidden=24-12,density=0.2,seed=5",
		"grid,hidden=24-12,density=0.05,seed=4", "grid,hidden=24-12,density=0.05,seed=5",
	}
	if !reflect.DeepEqual(names, want) {
		t.Fatalf("cells %q, want %q", names, want)
	}
	if c := e.Cells[3]; c.PruneFrom != 1 || c.Config.Seed != 5 || c.Config.Pruning.Density != 0.25 || c.Config.Pruning.Begin != 0.1 {
		t.Errorf("cell %+v, want it to prune from cell 1 with seed 5, density 0.25 and the begin of base", c)
	}
	if c := e.Cells[11]; c.PruneFrom != -1 || c.Group != "grid,hidden=24-12,density=0.05" ||
		!reflect.DeepEqual(c.Config.Model, trainer.ModelConfig{Hidden: []int{24, 12}, Embed: 8}) || c.Config.Pruning.Pattern.String() != "lane8x8" {
		t.Errorf("cell %+v, want the values of its axes, of its variant and of base", c)
	}
	if c := e.Cells[0]; c.Config.Pruning.Begin != 0 || c.Config.Steps != 50 {
		t.Errorf("cell %+v, want the begin of its variant", c)
	}
}

func TestQuick(t *testing.T) {
	e := parse(t, example, true)
	if len(e.Cells) != 2 || e.Cells[1].Name != "ramp,seed=1" || e.Cells[1].PruneFrom != 0 || e.Cells[1].Config.Steps != 5 || e.Cells[0].Config.Model.Embed != 8 {
		t.Errorf("cells %+v, want dense and ramp with seed 1 for 5 steps", e.Cells)
	}
	if e.Folder() != "toy-quick" {
		t.Errorf("folder %q", e.Folder())
	}
}

// TestSeedsOfVariant: a variant may have seeds of its own, but for the quick form.
func TestSeedsOfVariant(t *testing.T) {
	source := strings.Replace(example, `name = "grid"`, `name = "grid"`+"\nseeds = [9]", 1)
	e := parse(t, source, false)
	if len(e.Cells) != 8 || e.Cells[4].Seed != 9 || e.Cells[3].Seed != 5 {
		t.Errorf("cells %+v, want four of grid, with seed 9", e.Cells)
	}
	source = strings.Replace(source, `"dense", "ramp"]`, `"grid"]`, 1)
	if e = parse(t, source, true); len(e.Cells) != 4 || e.Cells[0].Seed != 1 {
		t.Errorf("cells %+v, want four, with the seed of quick", e.Cells)
	}
}

func TestFind(t *testing.T) {
	e := parse(t, example, false)
	for name, want := range map[string]int{"3": 3, "ramp,seed=5": 3, "0": 0} {
		if c, err := e.Find(name); err != nil || c.Index != want {
			t.Errorf("%q: %+v, %v, want cell %d", name, c, err, want)
		}
	}
	for _, name := range []string{"12", "-1", "", "ramp"} {
		if c, err := e.Find(name); err == nil {
			t.Errorf("%q: found %+v", name, c)
		}
	}
}

func TestRefused(t *testing.T) {
	replace := func(old, new string) string {
		if !strings.Contains(example, old) {
			t.Fatalf("example without %q", old)
		}
		return strings.Replace(example, old, new, 1)
	}
	for _, row := range []struct {
		source, want string
		quick        bool
	}{
		{"name = [", "toy.toml: toml: line 1", false},
		{replace(`"toy"`, `"Toy!"`), `toy.toml: name "Toy!": want a letter`, false},
		{replace("seeds = [4", "seedz = 1\nseeds = [4"), "seedz: no such key", false},
		{replace("steps = 50", "stepz = 50"), `variant 0, "dense": cell dense,seed=4: json: unknown field "stepz"`, false},
		{replace("steps = 50", "steps = -50"), "steps: -50, want at least 0", false},
		{replace("steps = 50", "seed = 3"), "seed among the settings", false},
		{replace(`"dense"`+"\npruning.density", `"denser"`+"\npruning.density"), `variant 1, "ramp": cell ramp,seed=4: prune_from: no variant "denser"`, false},
		{replace(`axes = ["model.hidden"`, `axes = ["model.width"`), `axes: no axis "model.width", want one of pruning.density, model.hidden`, false},
		{replace(`axes = ["model.hidden"`, `axes = [3`), `axes: 3, want a name`, false},
		{replace(`[0.2, 0.05]`, `[]`), `axis "pruning.density": no values`, false},
		{replace(`"grid"`, `"dense"`), `variant 2, "dense": two of this name`, false},
		{replace(`"grid"`, `"a/b"`), "want a name without spaces and slashes", false},
		{replace(`[4, 5]`, `[-4]`), "seed -4, want 0 or more", false},
		{replace(`variants = ["dense"`, `variants = ["danse"`), `quick: variants: no variant "danse"`, true},
		{replace(`seeds = [1]`, `seeds = ["x"]`), "seeds: x, want a whole number", true},
		{example[:strings.Index(example, "[quick]")], "no [quick]", true},
		{`name = "a"`, "no [[variant]]", false},
	} {
		_, err := Parse("toy.toml", []byte(row.source), row.quick)
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("error %v, want %q", err, row.want)
		}
	}
}

// TestCollect reads the results that are there, and refuses those of other
// settings.
func TestCollect(t *testing.T) {
	e := parse(t, example, false)
	dir := t.TempDir()
	write := func(c *Cell, name string, content []byte) {
		t.Helper()
		if err := os.MkdirAll(filepath.Join(dir, c.Name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, c.Name, name), content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	c := &e.Cells[2]
	config, err := c.EncodeConfig()
	if err != nil {
		t.Fatal(err)
	}
	done, err := json.Marshal(Result{Index: 2, Name: c.Name, Prunable: 10, Kept: 4})
	if err != nil {
		t.Fatal(err)
	}
	write(c, ConfigFile, config)
	write(c, ResultFile, done)
	results, err := e.Collect(dir)
	if err != nil || len(results) != len(e.Cells) || results[2] == nil || results[2].Density() != 0.4 || results[1] != nil {
		t.Fatalf("results %v, %v, want that of cell 2 only", results, err)
	}
	// As a version without that setting would have written it.
	write(c, ConfigFile, bytes.Replace(config, []byte(`"diagonal": false,`), nil, 1))
	if results, err = e.Collect(dir); err != nil || results[2] == nil {
		t.Errorf("results %v, %v, want that of cell 2", results, err)
	}
	other := parse(t, strings.Replace(example, "steps = 50", "steps = 60", 1), false)
	if _, err := other.Collect(dir); err == nil || !strings.Contains(err.Error(), "cell ramp,seed=4 was begun with other settings") {
		t.Errorf("error %v, want that settings differ", err)
	}
	write(c, ResultFile, []byte("{"))
	if _, err := e.Collect(dir); err == nil || !strings.Contains(err.Error(), ResultFile) {
		t.Errorf("error %v, want one that names the file", err)
	}
}

// TestManifest reads the manifest as YAML: what Kubernetes and Kueue want of an
// indexed job, and the experiment as it is.
func TestManifest(t *testing.T) {
	e := parse(t, example, true)
	var b bytes.Buffer
	job := Job{Image: "registry/sparsec:1", Queue: "research", Claim: "shared", Data: "data", CPU: 4, Memory: "2Gi"}
	if err := e.Manifest(&b, job); err != nil {
		t.Fatal(err)
	}
	dec := yaml.NewDecoder(&b)
	var config, job2 map[string]any
	for _, document := range []*map[string]any{&config, &job2} {
		if err := dec.Decode(document); err != nil {
			t.Fatal(err)
		}
	}
	for _, row := range []struct {
		in   map[string]any
		path string
		want any
	}{
		{config, "kind", "ConfigMap"},
		{config, "data/experiment.toml", strings.TrimRight(example, "\n") + "\n"},
		{job2, "apiVersion", "batch/v1"},
		{job2, "kind", "Job"},
		{job2, "metadata/labels/kueue.x-k8s.io|queue-name", "research"},
		{job2, "spec/suspend", true},
		{job2, "spec/completions", 2},
		{job2, "spec/parallelism", 2},
		{job2, "spec/completionMode", "Indexed"},
		{job2, "spec/template/spec/restartPolicy", "Never"},
		{job2, "spec/template/spec/containers/0/image", "registry/sparsec:1"},
		{job2, "spec/template/spec/containers/0/command", []any{"sparsec", "sweep", "-cell", "$(JOB_COMPLETION_INDEX)", "-wait", "-quick", "-data", "/shared/data", "-o", "/shared/toy-quick", "/experiment/experiment.toml"}},
		{job2, "spec/template/spec/containers/0/resources/requests/cpu", "4"},
		{job2, "spec/template/spec/volumes/0/persistentVolumeClaim/claimName", "shared"},
		{job2, "spec/template/spec/volumes/1/configMap/name", config["metadata"].(map[string]any)["name"]},
	} {
		if got := walk(row.in, row.path); !reflect.DeepEqual(got, row.want) {
			t.Errorf("%s: %#v, want %#v", row.path, got, row.want)
		}
	}
	for _, spoil := range []func(*Job){
		func(j *Job) { j.Image = "" }, func(j *Job) { j.Queue = "a b" }, func(j *Job) { j.CPU = 0 }, func(j *Job) { j.Parallelism = -1 },
	} {
		bad := job
		spoil(&bad)
		if err := e.Manifest(&b, bad); err == nil {
			t.Errorf("%+v: no error", bad)
		}
	}
}

// walk follows keys and indexes; | stands for a slash within a key.
func walk(v any, path string) any {
	for key := range strings.SplitSeq(path, "/") {
		switch x := v.(type) {
		case map[string]any:
			v = x[strings.ReplaceAll(key, "|", "/")]
		case []any:
			v = x[key[0]-'0']
		default:
			return nil
		}
	}
	return v
}
