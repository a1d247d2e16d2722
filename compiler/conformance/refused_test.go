package conformance

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/compiler/importer/onnx"
)

// TestRefused holds that models with what is not supported are refused, and that the
// error names every operator of that kind, with nodes.
func TestRefused(t *testing.T) {
	present(t)
	for _, test := range []struct {
		model string
		names []string
	}{
		{"tract/qlstm_3-2-3_T3_S1/model.onnx", []string{
			"QuantizeLinear", "DequantizeLinear", "QLinearConv", "Scan",
			"lstm1.preaffineq7.output", "lstm1.c_final", "lstm1.four_parts.convout", "lstm1.proj.convout", "lstm1.postlstmq7.dequantize.output"}},
		{"tract/hey_snips_3.pb", []string{
			"TensorFlow", "Conv2D", "BiasAdd", "SpaceToBatchND", "BatchToSpaceND", "MaxPool", "StridedSlice", "Relu",
			"conv1d_2/layer_0/convolution", "conv1d_2/proj_layer/convolution", "conv1d_2/max_pooling2d/MaxPool"}},
	} {
		t.Run(test.model, func(t *testing.T) {
			m, err := onnx.Import(filepath.Join(data, "models", test.model), onnx.Options{})
			if err == nil {
				t.Fatalf("became a model of %d nodes", len(m.Nodes))
			}
			for _, name := range test.names {
				if !strings.Contains(err.Error(), name) {
					t.Errorf("does not name %s:\n%v", name, err)
				}
			}
		})
	}
}
