package verify

import (
	"strings"
	"testing"

	"github.com/sparsec/sparsec/ir/kernel"
)

// TestBatchMatrices compares the matrices that a Batch has for itself with the
// model, and finds a byte of them that was changed.
func TestBatchMatrices(t *testing.T) {
	pkg := compileBatch(t, model(), 12)
	one := pkg.Program.Layout()
	layout := kernel.LockstepLayout(pkg.Program, one, pkg.Batch)
	own := layout.OwnMatrices(one)
	reports, err := compareMatrices(pkg)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, r := range reports {
		if r.Differ != 0 || r.Emitted != r.Model || r.Model == 0 {
			t.Errorf("%+v", r)
		}
		if strings.HasSuffix(r.Name, " for 16 streams") {
			found++
		}
	}
	if found == 0 || found != len(own) {
		t.Errorf("%d matrices for streams in lockstep, want %d", found, len(own))
	}
	for _, i := range own {
		broken := replace(pkg, weightsFile, func(b []byte) []byte { b[layout.Matrices[i][0]] ^= 1; return b })
		want := `of matrix "` + pkg.Batch.Matrices[i].Name + ` for 16 streams"`
		if _, err := compareMatrices(broken); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
