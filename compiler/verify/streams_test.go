package verify

import (
	"bytes"
	"strings"
	"testing"

	"github.com/sparsec/sparsec/ir"
)

// shownModel is the model with a state that users see.
func shownModel() *ir.Model {
	m := model()
	m.Tensors = append(m.Tensors, ir.Tensor{Name: "gru.h", Output: true, Shape: []int{m.State("gru.h").Size}, Time: -1,
		Parts: []ir.Part{{Kind: ir.StatePart, Name: "gru.h"}}})
	return m
}

// TestStreams runs Batches with every kernel: of one block with idle lanes, and of
// two blocks.
func TestStreams(t *testing.T) {
	for _, streams := range []int{12, 40} {
		pkg := compileBatch(t, shownModel(), streams)
		r, err := Run(t.Context(), pkg, inputs(20), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if !r.OK() || r.Streams != streams || r.Lockstep != maxLockstepFrames {
			t.Errorf("%d streams:\n%s", streams, r)
		}
		for _, run := range r.Runs {
			all := append(run.StreamOutputs, run.StreamStates...)
			if len(all) != 3 || all[2].Name != "gru.h" {
				t.Errorf("%d streams, %s: %+v, want two outputs and a state", streams, run.Kernel, all)
			}
			for _, o := range all {
				if o.MaxAbs == 0 {
					t.Errorf("%d streams, %s: %q equals the float64 reference to the last bit: was it run?", streams, run.Kernel, o.Name)
				}
			}
		}
	}
}

// TestFindsStreams verifies packages of which a single stream is right and one of
// several is not.
func TestFindsStreams(t *testing.T) {
	pkg := compileBatch(t, shownModel(), 40)
	rows := []struct {
		name, old, new string
		want           string
	}{
		{"another's input", "batchLanes, xX[i][:])", "batchLanes, xX[i-i%40/39][:])",
			`generic: output "logits" of 40 streams in lockstep over 8 steps: largest error `},
		{"a block too few", "range b.blocks", "range b.blocks[:1]", "beyond the tolerance 0.0001"},
		{"another's state", "s, lane := b.stream(i)\n\tvar state State", "s, lane := b.stream(i / 2 * 2)\n\tvar state State",
			`generic: state "gru.h" of 40 streams in lockstep behind the last step: largest error `},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			broken := replace(pkg, "batch.go", func(b []byte) []byte {
				changed := bytes.ReplaceAll(b, []byte(row.old), []byte(row.new))
				if bytes.Equal(changed, b) {
					t.Fatalf("no %q in batch.go", row.old)
				}
				return changed
			})
			r, err := Run(t.Context(), broken, inputs(8), Options{Kernels: []string{Generic}})
			if err != nil {
				t.Fatal(err)
			}
			if r.OK() || !strings.Contains(r.String(), row.want) {
				t.Errorf("want %q in\n%s", row.want, r)
			}
			for _, o := range append(r.Runs[0].Outputs, r.Runs[0].States...) {
				if o.Diverges >= 0 {
					t.Errorf("the single stream is off: %+v", o)
				}
			}
		})
	}
}

func TestStreamsErrors(t *testing.T) {
	pkg := compileBatch(t, model(), 12)
	for _, streams := range []int{0, 8, 40} {
		other := *pkg
		other.Streams = streams
		if _, err := Run(t.Context(), &other, inputs(1), Options{}); err == nil || !strings.Contains(err.Error(), "streams of a Batch in blocks of 16: want blocks of") {
			t.Errorf("%d streams: error %v", streams, err)
		}
	}
}
