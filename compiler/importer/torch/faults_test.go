package torch

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/ckpt"
)

// tensor has numbers that rise from 1.
func tensor(name string, shape ...int) ckpt.Tensor {
	n := 1
	for _, d := range shape {
		n *= d
	}
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(i + 1)
	}
	return ckpt.New(name, shape, x)
}

// lstmOf is the tensors of an LSTM layer.
func lstmOf(prefix string, in, hidden int) []ckpt.Tensor {
	return []ckpt.Tensor{
		tensor(prefix+"weight_ih_l0", 4*hidden, in), tensor(prefix+"weight_hh_l0", 4*hidden, hidden),
		tensor(prefix+"bias_ih_l0", 4*hidden), tensor(prefix+"bias_hh_l0", 4*hidden),
	}
}

// TestFaults imports state dicts that do not fit: one error lists all.
func TestFaults(t *testing.T) {
	out := []ckpt.Tensor{tensor("out.weight", 2, 3), tensor("out.bias", 2)}
	const stack = `
[[module]]
type = "LSTM"
prefix = "lstm"
[[module]]
type = "Linear"
prefix = "out"
`
	tests := []struct {
		name        string
		tensors     []ckpt.Tensor
		description string
		want        []string // lines; F is the file and D the description
	}{
		{"missing, surplus and of other shapes",
			append(lstmOf("lstm.", 5, 3)[1:], tensor("out.weight", 2, 4), tensor("old.weight", 1, 1)), stack, []string{
				`F: D: module "lstm" (LSTM): tensor "lstm.weight_ih_l0": is not in the file, want shape [12 *]`,
				`F: D: module "out" (Linear): tensor "out.bias": is not in the file, want shape [2]`,
				`F: tensor "old.weight": no module of the description has it; if it is not needed, add it to ignore`,
			}},
		{"a matrix of another width", append(lstmOf("lstm.", 5, 3), tensor("out.weight", 2, 4), tensor("out.bias", 2)), stack,
			[]string{`F: D: module "out" (Linear): tensor "out.weight": shape [2 4], want [* 3]`}},
		{"options that are not there", append(lstmOf("lstm.", 5, 3), out...), strings.Replace(stack, `"lstm"`, "\"lstm\"\nlayers = 2\nbidirectional = 1", 1), []string{
			`F: D: module "lstm" (LSTM): bidirectional is 1, want true or false`,
			`F: D: module "lstm" (LSTM): no such options: layers`,
		}},
		{"an unknown type", lstmOf("lstm.", 5, 3), "[[module]]\ntype = \"Transformer\"\n", []string{
			`F: D: module "transformer0": type "Transformer", want one of Abs, `,
		}},
		{"an unknown key", out, "modules = 1\n", []string{`D: unknown keys: modules`}},
		{"half a pair of pruning", []ckpt.Tensor{tensor("a.weight_orig", 2, 2), tensor("b.weight_mask", 2, 2)}, "", []string{
			`F: tensor "a.weight_orig": without "a.weight_mask", want both of what torch.nn.utils.prune leaves`,
			`F: tensor "b.weight_mask": without "b.weight_orig", want both of what torch.nn.utils.prune leaves`,
		}},
		{"a mask of other numbers", []ckpt.Tensor{tensor("a.weight_orig", 2), tensor("a.weight_mask", 2)}, "",
			[]string{`F: tensor "a.weight_mask": element 1 is 2, want a mask of 0 and 1`}},
		{"an RNN by its names", []ckpt.Tensor{tensor("rnn.weight_ih_l0", 3, 2), tensor("rnn.weight_hh_l0", 3, 3)}, "", []string{
			`F: module "rnn": names do not say whether an RNN's function is tanh or relu; want a description beside the file or by -model:`,
			`[[module]]`, `type = "RNN"`, `prefix = "rnn"`, `bias = false`, `nonlinearity = "tanh" # or "relu"`, ``,
		}},
		{"two Linears by their names", []ckpt.Tensor{tensor("0.weight", 4, 3), tensor("2.weight", 2, 4)}, "", []string{
			`F: module "2": names do not say which function is between two Linear; want a description beside the file or by -model:`,
			`[[module]]`, `type = "Linear"`, `prefix = "0"`, `bias = false`, `[[module]]`, `type = "Linear"`, `prefix = "2"`, `bias = false`, ``,
		}},
		{"two orders", []ckpt.Tensor{tensor("b.weight", 3, 3), tensor("a.weight", 3, 3)}, "",
			[]string{`F: the order of the modules does not follow from their widths: a (Linear 3→3), b (Linear 3→3); want a description`}},
		{"other tensors", []ckpt.Tensor{tensor("norm.weight", 3), tensor("norm.bias", 3)}, "", []string{
			`F: no description says how these tensors are used, and they are not those of a plain stack of RNN, GRU or LSTM and Linear:`,
			`  norm.`, `want a description: FILE.toml or FILE.json beside it`,
		}},
		{"a convolution that drops frames", []ckpt.Tensor{tensor("c.weight", 4, 3, 5)}, "[[input]]\nname = \"x\"\nshape = [3]\n[[module]]\ntype = \"Conv1d\"\nprefix = \"c\"\nbias = false\n",
			[]string{`F: D: module "c" (Conv1d): padding 0 and 0 over time, want 4 in all, so that there are as many frames behind it`}},
		{"a layout of another rank", out, "[[module]]\ntype = \"Linear\"\nprefix = \"out\"\n[[output]]\nname = \"y\"\nfrom = \"out\"\nlayout = \"TBCL\"\n",
			[]string{`F: D: "y": layout "TBCL", want one T and B at most, and a letter for each axis of a frame of shape [2]`}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			path, o := safetensors(t, tc.tensors...), Options{}
			if tc.description != "" {
				o.Description = write(t, "d.toml", tc.description)
			}
			_, err := Import(path, o)
			if err == nil {
				t.Fatal("no error")
			}
			text := err.Error()
			if o.Description != "" {
				text = strings.ReplaceAll(text, o.Description, "D")
			}
			lines := strings.Split(strings.ReplaceAll(text, path, "F"), "\n")
			for i, line := range lines {
				if len(lines) != len(tc.want) || !strings.HasPrefix(line, tc.want[i]) {
					t.Fatalf("got\n%s\nwant lines that begin with\n%s", strings.Join(lines, "\n"), strings.Join(tc.want, "\n"))
				}
			}
		})
	}
}

// TestPlaces holds where a description is looked for: the options before a file
// beside the state dict before its metadata, and two files beside it are a fault.
func TestPlaces(t *testing.T) {
	path := safetensors(t, tensor("out.weight", 2, 3), tensor("out.bias", 2))
	const linear = "{\"name\": %q, \"module\": [{\"type\": \"Linear\", \"prefix\": \"out\"}]}"
	text := func(name string) string { return strings.Replace(linear, "%q", `"`+name+`"`, 1) }
	named := func(o Options) string {
		m, err := Import(path, o)
		if err != nil {
			t.Fatal(err)
		}
		return m.Name
	}
	if got := named(Options{}); got != "model" {
		t.Errorf("name %q, want that of the file", got)
	}
	meta := map[string]string{metadataKey: text("metadata")}
	if err := ckpt.WriteTensors(path, []ckpt.Tensor{tensor("out.weight", 2, 3), tensor("out.bias", 2)}, meta); err != nil {
		t.Fatal(err)
	}
	if got := named(Options{}); got != "metadata" {
		t.Errorf("description %q, want that of the metadata", got)
	}
	beside := strings.TrimSuffix(path, ".safetensors")
	if err := os.WriteFile(beside+".json", []byte(text("beside")), 0o666); err != nil {
		t.Fatal(err)
	}
	if got := named(Options{}); got != "beside" {
		t.Errorf("description %q, want that beside the file", got)
	}
	if got := named(Options{Description: write(t, "o.json", text("option"))}); got != "option" {
		t.Errorf("description %q, want that of the options", got)
	}
	if err := os.WriteFile(beside+".toml", nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Import(path, Options{}); err == nil || !strings.Contains(err.Error(), "want one of them") {
		t.Errorf("two descriptions: got %v", err)
	}
}

// TestOwnCheckpoint refuses what has a graph of its own.
func TestOwnCheckpoint(t *testing.T) {
	m, err := Import(safetensors(t, tensor("out.weight", 2, 3)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "model.ckpt")
	if err := ckpt.Write(path, m, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := Import(path, Options{}); err == nil || err.Error() != path+": a checkpoint of sparsec, which is complete" {
		t.Errorf("got %v", err)
	}
}

// TestPrunedPair folds a pair of torch.nn.utils.prune.
func TestPrunedPair(t *testing.T) {
	mask := ckpt.New("out.weight_mask", []int{2, 2}, []float32{1, 0, 0, 1})
	m, err := Import(safetensors(t, tensor("out.weight_orig", 2, 2), mask), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := m.Param("out.weight").Data, []float32{1, 0, 0, 4}; string(floats(got)) != string(floats(want)) {
		t.Errorf("weight %v, want %v", got, want)
	}
}

// TestBatchNormFolds counts nodes: behind a Linear that nothing else reads a
// BatchNorm1d leaves none.
func TestBatchNormFolds(t *testing.T) {
	variance := ckpt.New("norm.running_var", []int{2}, []float32{4, 9})
	tensors := []ckpt.Tensor{tensor("out.weight", 2, 2), tensor("norm.weight", 2), tensor("norm.bias", 2), tensor("norm.running_mean", 2), variance}
	const two = "[[module]]\ntype = \"Linear\"\nprefix = \"out\"\nbias = false\n[[module]]\ntype = \"BatchNorm1d\"\nprefix = \"norm\"\neps = 0\n"
	m, err := Import(safetensors(t, tensors...), Options{Description: write(t, "d.toml", two)})
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Nodes) != 1 {
		t.Errorf("%d nodes, want the Linear alone", len(m.Nodes))
	}
	op := m.Nodes[0].Op.(ir.Linear)
	if got, want := m.Param(op.Weight).Data, []float32{0.5, 1, 2, 8. / 3}; string(floats(got)) != string(floats(want)) {
		t.Errorf("weight %v, want %v", got, want)
	}
	if got, want := m.Param(op.Bias).Data, []float32{0.5, 2 - 4./3}; string(floats(got)) != string(floats(want)) {
		t.Errorf("bias %v, want %v", got, want)
	}
	both := two + "[[output]]\nname = \"a\"\nfrom = \"out\"\n[[output]]\nname = \"b\"\nfrom = \"norm\"\n"
	if m, err = Import(safetensors(t, tensors...), Options{Description: write(t, "d.toml", both)}); err != nil {
		t.Fatal(err)
	}
	if got := m.Param(m.Nodes[0].Op.(ir.Linear).Weight).Data[0]; got != 1 {
		t.Errorf("a Linear that is an output has weight %v, want it as it is", got)
	}
}
