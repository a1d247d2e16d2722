package trainer

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"

	"github.com/sparsec/sparsec/trainer/data"
	"github.com/sparsec/sparsec/trainer/nn"
)

// loadImages reads images. Where a file is of the test part, as of MNIST, the share
// for validation is held out from the others; the choice is the same for every
// seed.
func (c *Corpus) loadImages(cfg DataConfig, seed uint64, hash io.Writer) error {
	var files []data.File
	for _, path := range cfg.Paths {
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		hash.Write(content)
		files = append(files, data.File{Path: path, Content: content})
	}
	images, err := data.ReadImages(files, cfg.Limit)
	if err != nil {
		return err
	}
	var rest []int
	var split [parts][]int
	for i, test := range images.Test {
		if test {
			split[Test] = append(split[Test], i)
		} else {
			rest = append(rest, i)
		}
	}
	if len(split[Test]) > 0 {
		split[Train], split[Valid], _, err = data.Shuffled(data.Split{Train: 1 - cfg.Valid, Valid: cfg.Valid}, rest, 0)
	} else {
		split[Train], split[Valid], split[Test], err = data.Shuffled(cfg.split(), rest, seed)
	}
	if err != nil {
		return err
	}
	for p, chosen := range split {
		c.parts[p].set = data.ImageDataset(images, chosen)
	}
	var classes []string
	for class := range int(slices.Max(images.Labels)) + 1 {
		classes = append(classes, strconv.Itoa(class))
	}
	c.labels(classes)
	if len(classes) > len(c.Labels) {
		return fmt.Errorf("%s: class %d, want one of the %d of the model", cfg.origin(), len(classes)-1, len(c.Labels))
	}
	c.Input, c.Outputs = nn.InputKind{Width: images.Cols}, len(c.Labels)
	return nil
}
