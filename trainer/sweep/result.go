package sweep

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/sparsec/sparsec/trainer"
	"github.com/sparsec/sparsec/trainer/prune"
)

// Files of a cell, in its folder.
const (
	ConfigFile = "config.json"  // the configuration that it was begun with
	LogFile    = "train.jsonl"  // events, of all attempts one behind the other
	ModelFile  = "model.ckpt"   // the result
	ResultFile = "result.json"  // a Result; the cell is done when it is there
	MasksFile  = "schedule.png" // densities and thresholds over the steps, of a cell that prunes
)

// Result is the outcome of a cell.
type Result struct {
	Experiment string         `json:"experiment"`
	Quick      bool           `json:"quick"`
	Index      int            `json:"cell"`
	Name       string         `json:"name"`
	Group      string         `json:"group"`
	Seed       uint64         `json:"seed"`
	Config     trainer.Config `json:"config"`

	Steps    int            `json:"steps"`
	BestStep int            `json:"best_step"`
	Valid    trainer.Score  `json:"valid"`
	Test     *trainer.Score `json:"test,omitempty"`

	Parameters int           `json:"parameters"`
	NonZero    int           `json:"nonzero"`  // of all parameters
	Prunable   int           `json:"prunable"` // weights of the pruned matrices; 0 without pruning
	Kept       int           `json:"kept"`     // of them
	Matrices   []MatrixShare `json:"matrices,omitempty"`

	Course  trainer.Course `json:"course"`
	Times   trainer.Times  `json:"times"`   // since the last start
	Resumed bool           `json:"resumed"` // Times are not those of the whole run
	GFLOPS  float64        `json:"gflops"`  // of matrix products on one core
	Workers int            `json:"workers"`
	Version string         `json:"version"` // of sparsec
	CPU     string         `json:"cpu"`     // operating system and architecture, number of processors

	// Hexadecimal SHA-256 of the files.
	ConfigSum string `json:"config_sha256"`
	LogSum    string `json:"log_sha256"`
	ModelSum  string `json:"model_sha256"`
}

// MatrixShare is what pruning has left of the gates of a matrix that share a
// budget.
type MatrixShare struct {
	Name    string   `json:"name"`
	Gates   []string `json:"gates,omitempty"`
	Rows    int      `json:"rows"` // of the matrix
	Cols    int      `json:"cols"`
	Pattern string   `json:"pattern"`
	Kept    int      `json:"kept"`
	Weights int      `json:"weights"`
}

// Shares are those of reports.
func Shares(reports []prune.Report) []MatrixShare {
	var shares []MatrixShare
	for _, r := range reports {
		for _, p := range r.Parts {
			shares = append(shares, MatrixShare{
				Name: r.Name, Gates: p.Gates, Rows: r.Rows, Cols: r.Cols,
				Pattern: p.Pattern.String(), Kept: p.Kept, Weights: p.Weights,
			})
		}
	}
	return shares
}

// Score is that of the test, or of the validation where there is no test part.
func (r *Result) Score() trainer.Score {
	if r.Test != nil {
		return *r.Test
	}
	return r.Valid
}

// Density is the share of the weights of pruned matrices that is kept, 1 without
// pruning.
func (r *Result) Density() float64 {
	if r.Prunable == 0 {
		return 1
	}
	return float64(r.Kept) / float64(r.Prunable)
}

// Read reads the result of a cell below the folder of its sweep; nil if it is not
// done.
func (c *Cell) Read(folder string) (*Result, error) {
	return ReadJSON[Result](filepath.Join(folder, c.Name, ResultFile))
}

// Collect reads the results below the folder of a sweep, in the order of the
// cells, nil for those that are not done. A result of other settings than those
// of the experiment is an error.
func (e *Experiment) Collect(folder string) ([]*Result, error) {
	results := make([]*Result, len(e.Cells))
	var errs []error
	for i := range e.Cells {
		c := &e.Cells[i]
		r, err := c.Read(folder)
		if err == nil && r != nil {
			err = c.Unchanged(folder)
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		results[i] = r
	}
	return results, errors.Join(errs...)
}

// EncodeConfig is the content of a cell's ConfigFile.
func (c *Cell) EncodeConfig() ([]byte, error) {
	text, err := json.MarshalIndent(c.Config, "", "  ")
	return append(text, '\n'), err
}

// Unchanged is an error if the cell was begun with other settings. It is none if
// it was not begun. Settings that there were none of then had their defaults.
func (c *Cell) Unchanged(folder string) error {
	path := filepath.Join(folder, c.Name, ConfigFile)
	was, err := ReadJSON[trainer.Config](path)
	if err != nil || was == nil {
		return err
	}
	began := Cell{Config: *was}
	then, err := began.EncodeConfig()
	if err != nil {
		return err
	}
	now, err := c.EncodeConfig()
	if err != nil {
		return err
	}
	if string(then) != string(now) {
		return fmt.Errorf("%s: cell %s was begun with other settings; remove its folder, or name another one", path, c.Name)
	}
	return nil
}
