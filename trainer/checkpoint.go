package trainer

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/sparsec/sparsec/ir/ckpt"
	"github.com/sparsec/sparsec/trainer/nn"
	"github.com/sparsec/sparsec/trainer/optim"
	"github.com/sparsec/sparsec/trainer/prune"
)

// A checkpoint is a safetensors file. Its tensors are
//
//	param/NAME        values
//	best/NAME         values at the best validation, once there is one
//	optimizer/NAME    what the optimiser carries
//	state/NAME        what the layers carry from segment to segment
//	prune/KEY         the pruner's state, as prune.State names it
//
// and its metadata the keys below.
const (
	checkpointFormat  = "checkpoint" // checkpointVersion
	checkpointConfig  = "config"     // JSON of the Config
	checkpointData    = "data"       // sha256 of what was read
	checkpointAt      = "progress"   // JSON of progress
	checkpointUpdates = "optimizer_steps"

	checkpointVersion = "2"

	paramPrefix     = "param/"
	bestPrefix      = "best/"
	optimizerPrefix = "optimizer/"
	statePrefix     = "state/"
	prunePrefix     = "prune/"
)

// save writes the checkpoint, if there is a path.
func (t *Trainer) save() error {
	if t.opts.Checkpoint == "" {
		return nil
	}
	meta, err := t.checkpointMeta()
	if err == nil {
		err = ckpt.WriteTensors(t.opts.Checkpoint, t.checkpointTensors(), meta)
	}
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	t.observe(Saved{Step: t.at.Step, Path: t.opts.Checkpoint})
	return nil
}

func (t *Trainer) checkpointMeta() (map[string]string, error) {
	config, err := json.Marshal(t.cfg)
	if err != nil {
		return nil, err
	}
	at, err := json.Marshal(t.at)
	if err != nil {
		return nil, err
	}
	updates, err := json.Marshal(t.optimizer.State().Steps)
	if err != nil {
		return nil, err
	}
	return map[string]string{
		checkpointFormat: checkpointVersion, checkpointConfig: string(config), checkpointData: t.corpus.digest,
		checkpointAt: string(at), checkpointUpdates: string(updates),
	}, nil
}

func (t *Trainer) checkpointTensors() []ckpt.Tensor {
	var all []ckpt.Tensor
	for i, p := range t.params {
		all = append(all, ckpt.New(paramPrefix+p.Name, []int{p.Rows, p.Cols}, p.Value))
		if t.at.Best != nil {
			all = append(all, ckpt.New(bestPrefix+p.Name, []int{p.Rows, p.Cols}, t.best[i]))
		}
	}
	for _, s := range t.optimizer.State().Tensors {
		all = append(all, ckpt.New(optimizerPrefix+s.Name, []int{len(s.Data)}, s.Data))
	}
	for _, s := range t.run.States() {
		all = append(all, ckpt.New(statePrefix+s.Name, []int{len(s.Data) / s.Width, s.Width}, s.Data))
	}
	if t.pruner != nil {
		state := t.pruner.Export()
		for _, key := range slices.Sorted(maps.Keys(state.Bytes)) {
			all = append(all, ckpt.New(prunePrefix+key, []int{len(state.Bytes[key])}, state.Bytes[key]))
		}
		for _, key := range slices.Sorted(maps.Keys(state.Floats)) {
			all = append(all, ckpt.New(prunePrefix+key, []int{len(state.Floats[key])}, state.Floats[key]))
		}
	}
	return all
}

// restore goes on from the checkpoint, if that is asked for.
func (t *Trainer) restore() error {
	if !t.opts.Resume {
		return nil
	}
	tensors, meta, err := ckpt.ReadTensors(t.opts.Checkpoint)
	if err != nil {
		return fmt.Errorf("resume: %w", err)
	}
	if err := t.takeCheckpoint(tensors, meta); err != nil {
		return fmt.Errorf("resume: %s: %w", t.opts.Checkpoint, err)
	}
	return nil
}

func (t *Trainer) takeCheckpoint(tensors []ckpt.Tensor, meta map[string]string) error {
	if v := meta[checkpointFormat]; v != checkpointVersion {
		return fmt.Errorf("metadata %q is %q, want %q: not a checkpoint of a training run", checkpointFormat, v, checkpointVersion)
	}
	if err := t.agree(meta); err != nil {
		return err
	}
	var at progress
	if err := json.Unmarshal([]byte(meta[checkpointAt]), &at); err != nil {
		return fmt.Errorf("metadata %q: %w", checkpointAt, err)
	}
	var updates int
	if err := json.Unmarshal([]byte(meta[checkpointUpdates]), &updates); err != nil {
		return fmt.Errorf("metadata %q: %w", checkpointUpdates, err)
	}
	if at.Step < 0 || at.Step > t.total || at.Validated < 0 || at.Validated > at.Step {
		return fmt.Errorf("metadata %q: step %d, validated %d, want steps from 0 to %d", checkpointAt, at.Step, at.Validated, t.total)
	}
	stored := make(map[string]ckpt.Tensor, len(tensors))
	for _, s := range tensors {
		stored[s.Name] = s
	}
	return t.takeTensors(stored, at, updates)
}

func (t *Trainer) takeTensors(stored map[string]ckpt.Tensor, at progress, updates int) error {
	t.at = at
	if err := t.takeValues(stored); err != nil {
		return err
	}
	if err := t.takeOptimizer(stored, updates); err != nil {
		return err
	}
	if err := t.takeStates(stored); err != nil {
		return err
	}
	if err := t.takeMasks(stored); err != nil {
		return err
	}
	return t.source.Seek(at.Position)
}

func (t *Trainer) takeValues(stored map[string]ckpt.Tensor) error {
	for _, p := range t.params {
		values, err := floats(stored, paramPrefix+p.Name, p.Rows, p.Cols)
		if err != nil {
			return err
		}
		copy(p.Value, values)
		if t.at.Best == nil {
			continue
		}
		if values, err = floats(stored, bestPrefix+p.Name, p.Rows, p.Cols); err != nil {
			return err
		}
		t.best = append(t.best, values)
	}
	return nil
}

func (t *Trainer) takeOptimizer(stored map[string]ckpt.Tensor, updates int) error {
	state := optim.State[float32]{Steps: updates}
	for _, want := range t.optimizer.State().Tensors {
		values, err := floats(stored, optimizerPrefix+want.Name, len(want.Data))
		if err != nil {
			return err
		}
		state.Tensors = append(state.Tensors, optim.Tensor[float32]{Name: want.Name, Data: values})
	}
	return t.optimizer.Restore(state)
}

func (t *Trainer) takeStates(stored map[string]ckpt.Tensor) error {
	var states []nn.State[float32]
	for _, want := range t.run.States() {
		s, ok := stored[statePrefix+want.Name]
		if !ok {
			return fmt.Errorf("tensor %q: is not in the file", statePrefix+want.Name)
		}
		values, err := ckpt.Values[float32](s)
		if err != nil {
			return err
		}
		states = append(states, nn.State[float32]{Name: want.Name, Width: want.Width, Data: values})
	}
	return t.run.SetStates(states)
}

func (t *Trainer) takeMasks(stored map[string]ckpt.Tensor) error {
	if t.pruner == nil {
		return nil
	}
	blank := t.pruner.Export()
	state := prune.State{Bytes: map[string][]byte{}, Floats: map[string][]float64{}}
	for key := range blank.Bytes {
		values, err := valuesOf[uint8](stored, prunePrefix+key)
		if err != nil {
			return err
		}
		state.Bytes[key] = values
	}
	for key := range blank.Floats {
		values, err := valuesOf[float64](stored, prunePrefix+key)
		if err != nil {
			return err
		}
		state.Floats[key] = values
	}
	return t.pruner.Import(state)
}

// floats are the values of a tensor of that shape.
func floats(stored map[string]ckpt.Tensor, name string, shape ...int) ([]float32, error) {
	values, err := valuesOf[float32](stored, name)
	if err == nil && !slices.Equal(stored[name].Shape, shape) {
		return nil, fmt.Errorf("tensor %q: shape %v, want %v", name, stored[name].Shape, shape)
	}
	return values, err
}

func valuesOf[T ckpt.Element](stored map[string]ckpt.Tensor, name string) ([]T, error) {
	s, ok := stored[name]
	if !ok {
		return nil, fmt.Errorf("tensor %q: is not in the file", name)
	}
	return ckpt.Values[T](s)
}
