package verify

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// MatrixReport compares the emitted form of a matrix with the model's tensor.
type MatrixReport struct {
	Name    string  // as in the program, with the level of a second form or the streams of a third
	Emitted int     // non-zeros in weights.bin
	Model   int     // non-zeros in the tensor
	Differ  int     // positions that are zero on one side only; padding counts as zero
	Zeroed  int     // weights that a precision of less than float32 rounds to zero; not counted in Differ
	MaxRel  float64 // largest |emitted − model| / |model| of a weight
}

// weightsFile is the file of a package that holds all weights.
const weightsFile = "weights.bin"

// compareMatrices holds every section in the emitted weights.bin against what
// the program packs, and then what these bytes stand for against the model.
func compareMatrices(pkg *Package) ([]MatrixReport, error) {
	image, err := file(pkg, weightsFile)
	if err != nil {
		return nil, err
	}
	layout := pkg.Program.Layout()
	lockstep := lockstepPlaces(pkg, layout)
	var reports []MatrixReport
	for i := range pkg.Program.Matrices {
		m := &pkg.Program.Matrices[i]
		want, err := tensorOf(pkg.Model, m)
		if err != nil {
			return nil, fmt.Errorf("matrix %q: %w", m.Name, err)
		}
		for k, form := range m.Forms() {
			sections, name := layout.Matrices[i], m.Name
			if k > 0 {
				sections, name = layout.Wide[i], fmt.Sprintf("%s for %s", m.Name, kernel.AVX512)
			}
			if err := compareSections(image, name, form, sections); err != nil {
				return nil, err
			}
			reports = append(reports, compareWeights(name, form, form.Precision(), want))
		}
		if sections := lockstep[i]; sections != nil {
			form, name := &pkg.Batch.Matrices[i].Form, fmt.Sprintf("%s for %d streams", m.Name, pkg.Batch.Batch)
			if err := compareSections(image, name, form, sections); err != nil {
				return nil, err
			}
			reports = append(reports, compareWeights(name, form, m.Precision(), want))
		}
	}
	return reports, nil
}

// lockstepPlaces are the places of the sections of every matrix that a Batch has
// for itself.
func lockstepPlaces(pkg *Package, one kernel.Layout) map[int][]int {
	places := map[int][]int{}
	if pkg.Batch == nil {
		return places
	}
	layout := kernel.LockstepLayout(pkg.Program, one, pkg.Batch)
	for _, i := range layout.OwnMatrices(one) {
		places[i] = layout.Matrices[i]
	}
	return places
}

func compareSections(image []byte, name string, form *kernel.Form, places []int) error {
	for j, s := range form.Packed.Sections() {
		at := places[j]
		if at+len(s.Data) > len(image) || !bytes.Equal(image[at:at+len(s.Data)], s.Data) {
			return fmt.Errorf("%s: section %q of matrix %q, %d bytes at %d, is not what the program packs",
				weightsFile, s.Name, name, len(s.Data), at)
		}
	}
	return nil
}

func file(pkg *Package, name string) ([]byte, error) {
	for _, f := range pkg.Files {
		if f.Name == name {
			return f.Data, nil
		}
	}
	return nil, fmt.Errorf("the package has no %s", name)
}

// compareWeights counts how a form differs from the model, whose weights were
// stored in the precision: a Batch has those of one stream as float32.
func compareWeights(name string, form *kernel.Form, precision sparse.Precision, want *sparse.Matrix) MatrixReport {
	got := form.Packed.Unpack()
	r := MatrixReport{Name: name, Emitted: got.NNZ(), Model: want.NNZ()}
	for row := range max(got.Rows, want.Rows) {
		for col := range max(got.Cols, want.Cols) {
			g, w := at(got, row, col), at(want, row, col)
			switch {
			case g == 0 && w != 0 && precision != sparse.Float32:
				r.Zeroed++
			case (g == 0) != (w == 0):
				r.Differ++
			case w != 0:
				r.MaxRel = max(r.MaxRel, math.Abs(float64(g)-float64(w))/math.Abs(float64(w)))
			}
		}
	}
	return r
}

// at is the element, zero outside of the matrix.
func at(m *sparse.Matrix, row, col int) float32 {
	if row >= m.Rows || col >= m.Cols {
		return 0
	}
	return m.Row(row)[col]
}

// tensorOf is the matrix that the model's tensor asks for, with every gate
// block padded by empty rows, as the program has it.
func tensorOf(model *ir.Model, m *kernel.Matrix) (*sparse.Matrix, error) {
	tensor, rows, err := rowsOf(model, m)
	if err != nil {
		return nil, err
	}
	want := sparse.NewMatrix(len(rows), m.Cols)
	for r, from := range rows {
		if from >= 0 {
			copy(want.Row(r), tensor.Data[from*m.Cols:(from+1)*m.Cols])
		}
	}
	return want, nil
}

// rowsOf is the tensor of a matrix of the program and, for each packed row, its
// row in the tensor, or -1 for padding.
func rowsOf(model *ir.Model, m *kernel.Matrix) (*ir.Param, []int, error) {
	tensor, from, to, err := parseName(model, m.Name)
	if err != nil {
		return nil, nil, err
	}
	if to-from != m.Rows || tensor.Shape[1] != m.Cols {
		return nil, nil, fmt.Errorf("is [%d %d], rows %d to %d of the tensor %v", m.Rows, m.Cols, from, to, tensor.Shape)
	}
	for _, gates := range gateCounts(model, tensor.Name) {
		block := tensor.Shape[0] / gates
		padded := (to - from) / block * kernel.Pad(block)
		if (to-from)%block != 0 || padded != m.Packed.Rows() {
			continue
		}
		rows := slices.Repeat([]int{-1}, padded)
		for r := from; r < to; r++ {
			rows[(r-from)/block*kernel.Pad(block)+(r-from)%block] = r
		}
		return tensor, rows, nil
	}
	return nil, nil, fmt.Errorf("has %d packed rows, which no op that reads the tensor has", m.Packed.Rows())
}

// parseName takes apart "tensor" or "tensor[from:to]".
func parseName(model *ir.Model, name string) (tensor *ir.Param, from, to int, err error) {
	if p := model.Param(name); p != nil && len(p.Shape) == 2 {
		return p, 0, p.Shape[0], nil
	}
	if at := strings.LastIndexByte(name, '['); at > 0 {
		if _, err := fmt.Sscanf(name[at:], "[%d:%d]", &from, &to); err == nil {
			if p := model.Param(name[:at]); p != nil && len(p.Shape) == 2 && 0 <= from && from < to && to <= p.Shape[0] {
				return p, from, to, nil
			}
		}
	}
	return nil, 0, 0, errors.New("the model has no such tensor of two dimensions")
}

// gateCounts lists into how many gate blocks the ops of the model divide a
// tensor.
func gateCounts(model *ir.Model, tensor string) []int {
	var counts []int
	for _, n := range model.Nodes {
		switch op := n.Op.(type) {
		case ir.Linear:
			if op.Weight == tensor {
				counts = append(counts, 1)
			}
		case ir.RNN:
			if op.WeightIH == tensor || op.WeightHH == tensor {
				counts = append(counts, 1)
			}
		case ir.GRU:
			if op.WeightIH == tensor || op.WeightHH == tensor {
				counts = append(counts, 3)
			}
		case ir.LSTM:
			if op.WeightIH == tensor || op.WeightHH == tensor {
				counts = append(counts, 4)
			}
		}
	}
	return counts
}
