package golden

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// Side says whether an array is an input or an output of the model.
type Side uint8

const (
	EitherSide Side = iota // an archive of arrays does not say
	InputSide
	OutputSide
)

// Array is one array of a file, row-major. Elements of every type are held as
// float64, which is exact for all but whole numbers beyond 2^53.
type Array struct {
	Name  string
	Side  Side
	Shape []int
	Data  []float64
}

// File is what a file of golden vectors holds.
type File struct {
	Path   string
	Arrays []Array
}

// limits of a file: enough for minutes of speech, and no more memory than half a
// gigabyte whatever a hostile file asks for.
const (
	maxElements = 1 << 26
	maxRank     = 16
)

// Read reads an .npz archive, or the JSON that describes a .bin of the same base
// name beside it. Which of the two a file is, its first bytes tell.
func Read(path string) (*File, error) {
	info, err := os.Stat(path) // before the file is opened, which a pipe would block
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a regular file, want an .npz or the .json beside a .bin", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var first [1]byte
	if _, err := f.ReadAt(first[:], 0); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	file := &File{Path: path}
	if first[0] == '{' {
		file.Arrays, err = readDescription(f, binPath(path))
	} else {
		file.Arrays, err = readArchive(f, info.Size())
	}
	if err == nil {
		err = distinct(file.Arrays)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return file, nil
}

// distinct reports two arrays of one name on one side.
func distinct(arrays []Array) error {
	for i, a := range arrays {
		same := func(b Array) bool { return a.Name == b.Name && a.Side == b.Side }
		if slices.ContainsFunc(arrays[:i], same) {
			return fmt.Errorf("array %q is there twice", a.Name)
		}
	}
	return nil
}

// count is the number of elements of a shape, within the limits.
func count(shape []int) (int, error) {
	if len(shape) > maxRank {
		return 0, fmt.Errorf("%d dimensions, want at most %d", len(shape), maxRank)
	}
	n := 1
	for _, d := range shape {
		if d < 1 {
			return 0, fmt.Errorf("shape %s has dimension %d, want at least 1", shapeText(shape), d)
		}
		if n > maxElements/d {
			return 0, fmt.Errorf("shape %s has more than %d elements", shapeText(shape), maxElements)
		}
		n *= d
	}
	return n, nil
}

// shapeText writes a shape as the text form of a model does.
func shapeText(shape []int) string { return fmt.Sprint(shape) }

// describe lists the names and shapes of arrays.
func describe(arrays []Array) string {
	words := make([]string, len(arrays))
	for i, a := range arrays {
		words[i] = fmt.Sprintf("%s %s", a.Name, shapeText(a.Shape))
	}
	return strings.Join(words, ", ")
}
