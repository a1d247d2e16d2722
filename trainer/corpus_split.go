package trainer

import (
	"io"

	"github.com/sparsec/sparsec/trainer/data"
)

// divided reads items and divides them by seed. Parts that have files of their own
// are these.
func divided[E any](cfg DataConfig, seed uint64, hash io.Writer, read func(io.Reader, string) ([]E, error)) (split [parts][]E, err error) {
	var own [parts][]E
	for p, paths := range [parts][]string{cfg.Paths, cfg.ValidPaths, cfg.TestPaths} {
		if own[p], err = readFiles(paths, hash, read); err != nil {
			return split, err
		}
	}
	shares := cfg.shares(len(cfg.TestPaths) > 0)
	if split[Train], split[Valid], split[Test], err = data.Shuffled(shares, own[Train], seed); err != nil {
		return split, err
	}
	for p := Valid; p <= Test; p++ {
		if own[p] != nil {
			split[p] = own[p]
		}
	}
	return split, nil
}

// shares are those of the files of training: what parts with files of their own
// would have had is for training.
func (c DataConfig) shares(test bool) data.Split {
	s := c.split()
	if len(c.ValidPaths) > 0 {
		s.Train, s.Valid = s.Train+s.Valid, 0
	}
	if test {
		s.Train = 1 - s.Valid
	}
	return s
}

// all are the items of all parts.
func all[E any](split [parts][]E) (items []E) {
	for _, part := range split {
		items = append(items, part...)
	}
	return items
}
