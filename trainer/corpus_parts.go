package trainer

import (
	"errors"
	"fmt"
)

// checkParts lists the parts that are too short to be scored. A test part is
// wanted where the split leaves a share for it.
func (c *Corpus) checkParts(cfg DataConfig) error {
	unit, least := c.smallest()
	shares := [parts]float64{cfg.Train, cfg.Valid, 1 - cfg.Train - cfg.Valid}
	if c.Task == CTC || c.Task == Image { // what the files name, however small
		shares[Test] = 0
	}
	var errs []error
	for p, share := range shares {
		if n := c.Len(Part(p)); n < least && share > splitTolerance {
			errs = append(errs, fmt.Errorf("%s: %s part: %d %s for a share of %.4g, want at least %d: want more data or another split", cfg.origin(), Part(p), n, unit, share, least))
		}
	}
	return errors.Join(errs...)
}

// splitTolerance is what the shares of a split may be off by binary rounding.
const splitTolerance = 1e-9

// smallest names what [Corpus.Len] counts and says how many of them make a part:
// of a text a character and the one that follows it.
func (c *Corpus) smallest() (unit string, least int) {
	switch {
	case c.Task == Text:
		return "characters", 2
	case c.parts[Train].set != nil:
		return "sequences", 1
	}
	return "frames with a target", 1
}
