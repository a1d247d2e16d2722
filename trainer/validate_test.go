package trainer

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

const wantFaults = `configuration: data.task: "poem", want one of text, class, tag, frames, ctc, image
data.paths: none, want a file or a go_root
data.train: 0.9 with 0.2 for validation, want both above 0 and at most 1 together
data.vocabulary: 1 classes, want at least 2
data.targets: columns or a horizon of a task of poem, want them for frames only
model.cell: "qrnn", want one of rnn, gru, lstm
model.hidden[1]: 0, want at least 1
model.reset: "never", want one of after, before
model.dropout: 1, want 0 to 0.99
optimizer.kind: "lion", want one of adam, nesterov, sgd
optimizer.rate: -1, want more than 0
optimizer.momentum: 0.5 of lion, want it for nesterov only
pruning.density: 1.5, want above 0 and up to 1
pruning.rules[0]: rule "x": want NAME=VALUE or NAME[GATE]=VALUE
pruning.begin: 0.6, bend 0 and end 0.5, want them in this order
streams: -2, want at least 1
epochs: 3 beside 4 steps, want one of the two`

func TestValidateListsAllFaults(t *testing.T) {
	c := Config{
		Data:      DataConfig{Task: "poem", Train: 0.9, Valid: 0.2, Vocabulary: 1, Horizon: 2},
		Model:     ModelConfig{Cell: "qrnn", Hidden: []int{8, 0}, Reset: "never", Dropout: 1},
		Optimizer: OptimizerConfig{Kind: "lion", Rate: -1, Momentum: 0.5},
		Pruning:   PruningConfig{Density: 1.5, Rules: []string{"x"}, Begin: 0.6},
		Streams:   -2, Epochs: 3, Steps: 4,
	}
	if err := c.Validate(); err == nil || err.Error() != wantFaults {
		t.Errorf("got\n%v\nwant\n%s", err, wantFaults)
	}
}

func TestValidateSingleFaults(t *testing.T) {
	for want, set := range map[string]func(c *Config){
		"":                    func(c *Config) {},
		"model.bidirectional": func(c *Config) { c.Model.Bidirectional = true },
		"model.func":          func(c *Config) { c.Model.Func = "clipped-relu" },
		"model.clip":          func(c *Config) { c.Model.Clip = 3 },
		"pruning.q":           func(c *Config) { c.Pruning = PruningConfig{Density: 0.1, Q: 1} },
		"pruning.schedule":    func(c *Config) { c.Pruning.Rules = []string{"out.weight=0.1"} },
		"pruning.q_of[a]":     func(c *Config) { c.Pruning = PruningConfig{Schedule: "ramp", QOf: map[string]float64{"a": -1}} },
		"data.go_root":        func(c *Config) { c.Data = DataConfig{Task: Class, GoRoot: "/go"} },
		"data.limit":          func(c *Config) { c.Data.Task, c.Data.Limit = Tag, 5 },
		"data.horizon":        func(c *Config) { c.Data.Task, c.Data.Targets, c.Data.Horizon = Frames, []int{1}, 2 },
	} {
		c := Config{Data: DataConfig{Paths: []string{"a"}}}
		set(&c)
		err := c.Validate()
		if want == "" && err != nil || want != "" && (err == nil || !strings.HasPrefix(err.Error(), "configuration: "+want+":") || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%q: error %v, want one about it alone", want, err)
		}
	}
}

func TestConfigThroughJSON(t *testing.T) {
	c := Config{Data: DataConfig{Paths: []string{"a"}}, Pruning: PruningConfig{Density: 0.1}}.WithDefaults()
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var back Config
	if err := json.Unmarshal(text, &back); err != nil || !reflect.DeepEqual(back, c) {
		t.Errorf("%+v, %v, want %+v", back, err, c)
	}
}
