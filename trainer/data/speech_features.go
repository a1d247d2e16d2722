package data

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// features gives utterances their frames.
func (x *index) features(utterances []Utterance, file File) error {
	if err := x.want("offset_floats", "frames"); err != nil {
		return err
	}
	offsets, frames, sum := make([]int, len(utterances)), make([]int, len(utterances)), 0
	for row := range utterances {
		var err [2]error
		offsets[row], err[0] = x.number(row, "offset_floats")
		frames[row], err[1] = x.number(row, "frames")
		if err := errors.Join(err[:]...); err != nil {
			return err
		}
		sum += frames[row]
	}
	values, err := floats32(file)
	if err != nil {
		return err
	}
	if sum == 0 || len(values) == 0 || len(values)%sum != 0 {
		return fmt.Errorf("%s: %d floats, want as many for each of the %d frames that %s names", file.Path, len(values), sum, x.name)
	}
	width := len(values) / sum
	for row := range utterances {
		from, n := offsets[row], frames[row]*width
		if n == 0 || from > len(values)-n {
			return fmt.Errorf("%s: %d frames of %d floats from float %d, want at least one within the %d floats of %s",
				x.place(row), frames[row], width, from, len(values), file.Path)
		}
		utterances[row].Features = &Series{Width: width, Values: values[from : from+n]}
	}
	return nil
}

// floats32 are the numbers of a file of little-endian float32.
func floats32(file File) ([]float32, error) {
	if len(file.Content)%4 != 0 {
		return nil, fmt.Errorf("%s: %d bytes, want float32 of 4 bytes", file.Path, len(file.Content))
	}
	values := make([]float32, len(file.Content)/4)
	for i := range values {
		v := math.Float32frombits(binary.LittleEndian.Uint32(file.Content[4*i:]))
		if v-v != 0 {
			return nil, fmt.Errorf("%s: float %d is %v, want a finite number", file.Path, i, v)
		}
		values[i] = v
	}
	return values, nil
}
