package main

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/ir/ckpt"
	"github.com/sparsec/sparsec/ir/sparse"
	"github.com/sparsec/sparsec/trainer/prune"
)

// TestPruneScript trains with PyTorch in two processes, pruned by the Python file,
// and gives the weights that every update left to the pruner of the trainer: after
// each step both leave the same bits.
func TestPruneScript(t *testing.T) {
	python, dir := pythonWithTorch(t), t.TempDir()
	for name, script := range map[string][]byte{"sparsec_export.py": exportScript, "sparsec_prune.py": pruneScript} {
		if err := os.WriteFile(filepath.Join(dir, name), script, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	program := filepath.Join("testdata", "prune_ddp.py")
	if out, err := exec.Command(python, program, dir).CombinedOutput(); err != nil {
		if strings.Contains(string(out), "has no attribute 'init_process_group'") {
			t.Skip("this PyTorch is built without torch.distributed")
		}
		t.Fatalf("%s: %v\n%s", program, err, out)
	}
	cubic := prune.Cubic{Begin: 2, End: 20, Freq: 3}
	for name, o := range map[string]prune.Options{
		"cubic_element":   {Schedule: cubic, Density: 0.1},
		"cubic_lane8x8":   {Schedule: cubic, Density: 0.13, Pattern: pattern(t, "lane8x8")},
		"cubic_lane16x32": {Schedule: prune.Cubic{Begin: 0, End: 24, Freq: 4}, Density: 0.3, Pattern: pattern(t, "lane16x32")},
		"cubic_slide8x8":  {Schedule: cubic, Density: 0.25, Pattern: pattern(t, "slide8x8")},
		"cubic_block8x1":  {Schedule: cubic, Density: 0.2, Pattern: pattern(t, "block8x1")},
		"cubic_block8x4":  {Schedule: cubic, Density: 0.25, Pattern: pattern(t, "block8x4")},
		"lasso_block8x1":  {Schedule: cubic, Density: 0.2, Pattern: pattern(t, "block8x1")},
		"ramp_element":    {Schedule: paperRamp(t, 0.3)},
		"ramp_slide6x4":   {Schedule: paperRamp(t, 0.25), Pattern: pattern(t, "slide6x4")},
		"ramp_block4x1":   {Schedule: paperRamp(t, 0.25), Pattern: pattern(t, "block4x1")},
		"oneshot_rules": {Schedule: prune.OneShot{At: 7}, Density: 0.2,
			Rules: ruleList(t, "*weight_hh_l0[z]=0.4", "*weight_ih_l*=lane8x8:0.3", "out.weight=dense")},
		"diagonal":   {Schedule: cubic, Density: 0.2, Pattern: pattern(t, "lane8x8"), Diagonal: true},
		"rigl":       {Schedule: prune.RigL{Begin: 2, End: 20, Freq: 3, Renew: 0.3}, Density: 0.3},
		"rigl_slide": {Schedule: prune.RigL{Begin: 2, End: 20, Freq: 3, Renew: 0.4}, Density: 0.4, Pattern: pattern(t, "slide8x8"), Diagonal: true},
		"rigl_lane":  {Schedule: prune.RigL{Begin: 2, End: 20, Freq: 3, Renew: 0.4}, Density: 0.4, Pattern: pattern(t, "lane8x8"), Diagonal: true},
	} {
		t.Run(name, func(t *testing.T) { agreesWithScript(t, filepath.Join(dir, name+".safetensors"), o) })
	}
}

// agreesWithScript prunes what the updates of a run left, step by step.
func agreesWithScript(t *testing.T, path string, o prune.Options) {
	tensors, _, err := ckpt.ReadTensors(path)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string][]float32{}
	shapes := map[string][]int{}
	for _, tensor := range tensors {
		if values[tensor.Name], err = ckpt.Values[float32](tensor); err != nil {
			t.Fatal(err)
		}
		shapes[tensor.Name] = tensor.Shape
	}
	params := scriptParams(shapes)
	var pruner *prune.Pruner
	step := 1
	for ; values[fmt.Sprintf("%d/value/out.weight", step)] != nil; step++ {
		for i := range params {
			p := &params[i]
			p.Value = slices.Clone(values[fmt.Sprintf("%d/value/%s", step, p.Name)])
			p.Grad = values[fmt.Sprintf("%d/grad/%s", step, p.Name)]
		}
		if pruner == nil {
			if pruner, err = prune.New(o, params); err != nil {
				t.Fatal(err)
			}
		}
		if strings.HasPrefix(filepath.Base(path), "lasso") {
			if err := pruner.Shrink(0.01, params); err != nil {
				t.Fatal(err)
			}
		}
		if err := pruner.AfterStep(step, params); err != nil {
			t.Fatal(err)
		}
		for _, p := range params {
			want := values[fmt.Sprintf("%d/pruned/%s", step, p.Name)]
			if !slices.EqualFunc(p.Value, want, func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }) {
				t.Fatalf("%s differs after step %d", p.Name, step)
			}
		}
	}
	kept, weights := prune.Total(pruner.Report())
	if step < 20 || kept == weights {
		t.Errorf("%d steps leave %d of %d weights, want 20 steps and fewer weights", step-1, kept, weights)
	}
}

// scriptParams are the parameters of the network of prune_ddp.py.
func scriptParams(shapes map[string][]int) []prune.Param {
	var params []prune.Param
	for _, name := range []string{"gru.weight_ih_l0", "gru.weight_hh_l0", "gru.weight_ih_l1", "gru.weight_hh_l1", "out.weight"} {
		shape := shapes["1/value/"+name]
		p := prune.Param{Name: name, Rows: shape[0], Cols: shape[1], Prunable: true, Recurrent: strings.Contains(name, "weight_hh")}
		if name != "out.weight" {
			for i, gate := range gruGates {
				p.Gates = append(p.Gates, prune.Gate{Name: gate, Rows: gateSpan(p.Rows, len(gruGates), i)})
			}
		}
		params = append(params, p)
	}
	return params
}

func pattern(t *testing.T, name string) sparse.Pattern {
	t.Helper()
	p, err := sparse.ParsePattern(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func paperRamp(t *testing.T, q float64) prune.Ramp {
	t.Helper()
	r, err := prune.NewRamp(6, 4, 2, q)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func ruleList(t *testing.T, texts ...string) []prune.Rule {
	t.Helper()
	rules, err := parseRules(texts)
	if err != nil {
		t.Fatal(err)
	}
	return rules
}
