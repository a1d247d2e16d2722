package schedule

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/sparsec/sparsec/ir"
	"github.com/sparsec/sparsec/ir/kernel"
	"github.com/sparsec/sparsec/ir/sparse"
)

// PlanFormat is the version of the plan's JSON form.
const PlanFormat = 2

// Plan says how every product of a model is computed and why. Compiling the
// same model with the same plan gives the same package; only Strategy of each
// matrix decides, the figures are for people.
type Plan struct {
	Format int          `json:"format"`
	Base   kernel.Level `json:"isa"` // the lowest level of the package
	Totals
	// Wide is the same for AVX-512 in a package for it and a lower level; each of
	// its matrices then has a choice for AVX-512 too.
	Wide *Totals `json:"avx512,omitempty"`
	// Streams is the number of streams of a block in lockstep that every matrix has a
	// choice for; 0 in a plan without them, to which compiling for a Batch adds them.
	Streams  int     `json:"streams,omitempty"`
	Matrices []Entry `json:"matrices"` // in the order in which a step reads them
}

// Totals are the figures of a whole step at one level.
type Totals struct {
	Target     string  `json:"target"`
	WorkingSet int     `json:"working_set"` // bytes of weights and indices that a step reads
	Code       int     `json:"code"`        // bytes of straight-line code that a step runs through
	NS         float64 `json:"ns"`          // predicted nanoseconds of all products of a step
}

// Entry is the plan for one product.
type Entry struct {
	Name    string  `json:"name"` // the tensor, with its rows where it is a part
	Node    string  `json:"node"`
	Rows    int     `json:"rows"`
	Cols    int     `json:"cols"`
	NNZ     int     `json:"nnz"`
	Density float64 `json:"density"`
	Pattern string  `json:"pattern"` // that was recognised in the matrix
	Choice          // at the package's lowest level
	Wide    *Choice `json:"avx512,omitempty"`
	// Lockstep is the choice for streams in lockstep.
	Lockstep *LockstepChoice `json:"lockstep,omitempty"`
	// Error is of weights that are not stored as float32.
	Error *WeightError `json:"weight_error,omitempty"`
}

// Choice is the strategy of a product at one level, and why.
type Choice struct {
	Strategy   Strategy    `json:"strategy"`
	Reason     string      `json:"reason"`
	Work       Work        `json:"work"`
	NS         float64     `json:"ns"` // predicted
	Candidates []Candidate `json:"candidates,omitempty"`
}

// Candidate is a strategy that was looked at.
type Candidate struct {
	Strategy Strategy `json:"strategy"`
	Work     Work     `json:"work"`
	NS       float64  `json:"ns"`
	Excluded string   `json:"excluded,omitempty"` // why it could not be taken
}

// Level is the highest level of the package.
func (p *Plan) Level() kernel.Level {
	if p.Wide != nil {
		return kernel.AVX512
	}
	return p.Base
}

// Choice is that of the i-th matrix at a level, which the plan has.
func (p *Plan) Choice(i int, l kernel.Level) *Choice {
	if l == p.Base {
		return &p.Matrices[i].Choice
	}
	return p.Matrices[i].Wide
}

// At are the totals of a level, which the plan has.
func (p *Plan) At(l kernel.Level) *Totals {
	if l == p.Base {
		return &p.Totals
	}
	return p.Wide
}

// Entry returns the entry of that name, or nil.
func (p *Plan) Entry(name string) *Entry {
	for i := range p.Matrices {
		if p.Matrices[i].Name == name {
			return &p.Matrices[i]
		}
	}
	return nil
}

// Check lists every way in which the plan is not one for the model: matrices
// that are missing, of another shape or with another number of weights, or that
// the model does not have.
func (p *Plan) Check(m *ir.Model) error {
	var faults []error
	if p.Format != PlanFormat {
		return fmt.Errorf("plan: format %d, want %d", p.Format, PlanFormat)
	}
	if p.Wide != nil && p.Base >= kernel.AVX512 {
		return fmt.Errorf("plan: for %s twice", kernel.AVX512)
	}
	faults = append(faults, p.checkLockstep()...)
	products := map[string]bool{}
	for _, product := range Products(m) {
		name := product.Name()
		products[name] = true
		e := p.Entry(name)
		if e == nil {
			faults = append(faults, fmt.Errorf("plan: matrix %q of node %q is missing", name, product.Node))
			continue
		}
		nnz := 0
		for _, b := range product.Blocks(m) {
			nnz += b.NNZ()
		}
		faults = append(faults, p.checkLevels(e)...)
		if e.Rows != product.Rows() || e.Cols != product.Cols || e.NNZ != nnz {
			faults = append(faults, fmt.Errorf("plan: matrix %q is %d×%d with %d weights, the model's is %d×%d with %d",
				name, e.Rows, e.Cols, e.NNZ, product.Rows(), product.Cols, nnz))
		}
	}
	seen := map[string]bool{}
	for _, e := range p.Matrices {
		if !products[e.Name] || seen[e.Name] {
			faults = append(faults, fmt.Errorf("plan: matrix %q is not in the model, or twice in the plan", e.Name))
		}
		seen[e.Name] = true
	}
	return errors.Join(faults...)
}

// checkLevels lists what an entry's strategies ask of levels that the plan does
// not have.
func (p *Plan) checkLevels(e *Entry) []error {
	var faults []error
	if e.Strategy.Level() > p.Base {
		faults = append(faults, fmt.Errorf("plan: matrix %q: strategy %s has no kernel for %s", e.Name, e.Strategy, p.Base))
	}
	if (e.Wide != nil) != (p.Wide != nil) {
		faults = append(faults, fmt.Errorf("plan: matrix %q: want a choice for %s in all matrices and in the totals, or in none", e.Name, kernel.AVX512))
	}
	if e.Wide != nil && (e.Strategy.Weights != sparse.Float32 || e.Wide.Strategy.Weights != sparse.Float32) && e.Wide.Strategy != e.Strategy {
		faults = append(faults, fmt.Errorf("plan: matrix %q: strategies %s and %s: weights that are not float32 are stored once", e.Name, e.Strategy, e.Wide.Strategy))
	}
	return faults
}

// Encode is the plan as indented JSON with a final newline; the same plan gives
// the same bytes.
func (p *Plan) Encode() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(p); err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	return b.Bytes(), nil
}

// Decode reads a plan that [Plan.Encode] wrote, perhaps edited by hand. Fields
// it does not know are faults.
func Decode(r io.Reader) (*Plan, error) {
	dec := json.NewDecoder(r)
	dec.DisallowUnknownFields()
	p := &Plan{}
	if err := dec.Decode(p); err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("plan: more after the end of the JSON object")
	}
	if p.Format != PlanFormat {
		return nil, fmt.Errorf("plan: format %d, want %d", p.Format, PlanFormat)
	}
	return p, nil
}
