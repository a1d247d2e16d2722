package main

import (
	"flag"
	"fmt"
	"io"

	"github.com/sparsec/sparsec/trainer/sweep"
)

// jobFlags are those of a manifest.
type jobFlags struct {
	manifest bool
	sweep.Job
}

func (j *jobFlags) define(fs *flag.FlagSet) {
	fs.BoolVar(&j.manifest, "manifest", false, "print a Kubernetes Job for Kueue, and do nothing")
	fs.StringVar(&j.Image, "image", "sparsec", "with -manifest: container `image` that has sparsec in its path")
	fs.StringVar(&j.Queue, "queue", "default", "with -manifest: local `queue` of Kueue")
	fs.StringVar(&j.Claim, "claim", "sparsec", "with -manifest: persistent volume `claim` that the pods share")
	fs.StringVar(&j.Job.Data, "data-path", "data", "with -manifest: `folder` of the data on that volume")
	fs.IntVar(&j.CPU, "cpu", 2, "with -manifest: `processors` of a pod")
	fs.StringVar(&j.Memory, "memory", "2Gi", "with -manifest: `memory` of a pod")
	fs.IntVar(&j.Parallelism, "parallelism", 0, "with -manifest: `pods` at the same time; 0 for all")
}

// printCells lists the cells with what they prune from and their states.
func (s *sweepRun) printCells(w io.Writer) error {
	results, err := s.experiment.Collect(s.out)
	if err != nil {
		return err
	}
	t := newTable(w, "cell", "name", "prunes from", "state")
	for i, c := range s.experiment.Cells {
		from, state := "", "to do"
		if c.PruneFrom >= 0 {
			from = s.experiment.Cells[c.PruneFrom].Name
		}
		switch r := results[i]; {
		case r != nil:
			state = fmt.Sprint("done: ", r.Score())
		case begun(s.place(&c).state()):
			state = "interrupted"
		}
		t.row(c.Index, c.Name, from, state)
	}
	t.flush()
	return nil
}
