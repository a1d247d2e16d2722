package data

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// Series is frames of numbers in the order of time.
type Series struct {
	Columns []string  // names, one per column; nil where the file has none
	Width   int       // columns
	Values  []float32 // [frame][column]
}

// Len is the number of frames.
func (s *Series) Len() int { return len(s.Values) / s.Width }

// ReadSeries reads one frame a line, its numbers divided by tabs where the first
// line holds one, by commas otherwise. A first line that is not all numbers
// names the columns. An empty line ends a series. name is what errors call the
// input.
func ReadSeries(r io.Reader, name string) ([]*Series, error) {
	p := seriesReader{}
	if err := readLines(r, name, p.line); err != nil {
		return nil, err
	}
	p.end()
	if len(p.done) == 0 {
		return nil, fmt.Errorf("%s: no frames", name)
	}
	return p.done, nil
}

// seriesReader gathers the lines of ReadSeries.
type seriesReader struct {
	separator string
	columns   []string
	width     int
	open      *Series
	done      []*Series
}

func (p *seriesReader) line(line string) error {
	if line == "" {
		p.end()
		return nil
	}
	if p.separator == "" {
		p.separator = ","
		if strings.Contains(line, "\t") {
			p.separator = "\t"
		}
	}
	fields := strings.Split(line, p.separator)
	if p.width == 0 {
		p.width = len(fields)
		if _, err := parseFrame(nil, fields); errors.Is(err, strconv.ErrSyntax) {
			p.columns = fields
			return nil
		}
	}
	if len(fields) != p.width {
		return fmt.Errorf("%d columns, want %d", len(fields), p.width)
	}
	if p.open == nil {
		p.open = &Series{Columns: p.columns, Width: p.width}
	}
	values, err := parseFrame(p.open.Values, fields)
	p.open.Values = values
	return err
}

func (p *seriesReader) end() {
	if p.open != nil {
		p.done = append(p.done, p.open)
		p.open = nil
	}
}

// parseFrame adds finite numbers to values.
func parseFrame(values []float32, fields []string) ([]float32, error) {
	for i, field := range fields {
		v, err := strconv.ParseFloat(strings.TrimSpace(field), 32)
		if err != nil {
			return values, fmt.Errorf("column %d: %.40q, want a float32: %w", i+1, field, errors.Unwrap(err))
		}
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return values, fmt.Errorf("column %d: %q, want a finite number", i+1, field)
		}
		values = append(values, float32(v))
	}
	return values, nil
}

// Slice returns the frames [from, to), sharing memory.
func (s *Series) Slice(from, to int) *Series {
	return &Series{Columns: s.Columns, Width: s.Width, Values: s.Values[from*s.Width : to*s.Width]}
}

// Select returns a copy of the given columns, in their order.
func (s *Series) Select(columns ...int) (*Series, error) {
	if len(columns) == 0 {
		return nil, errors.New("no columns, want at least one")
	}
	out := &Series{Width: len(columns)}
	for _, c := range columns {
		if c < 0 || c >= s.Width {
			return nil, fmt.Errorf("column %d, want 0 to %d", c, s.Width-1)
		}
		if s.Columns != nil {
			out.Columns = append(out.Columns, s.Columns[c])
		}
	}
	for from := 0; from < len(s.Values); from += s.Width {
		for _, c := range columns {
			out.Values = append(out.Values, s.Values[from+c])
		}
	}
	return out, nil
}

// Forecast returns the frames that have a frame horizon steps later, and those.
func (s *Series) Forecast(horizon int) (input, target *Series, err error) {
	if horizon < 1 || horizon >= s.Len() {
		return nil, nil, fmt.Errorf("horizon of %d steps in a series of %d, want 1 to %d", horizon, s.Len(), s.Len()-1)
	}
	return s.Slice(0, s.Len()-horizon), s.Slice(horizon, s.Len()), nil
}

// Scale maps every column to mean 0 and deviation 1.
type Scale struct {
	Mean, Deviation []float32 // per column; the deviation of a constant column is 1
}

// ScaleOf measures series of the same columns, of which there is at least one:
// the training part, so that nothing is known of the others.
func ScaleOf(series ...*Series) Scale {
	w := series[0].Width
	sums, squares := make([]float64, w), make([]float64, w)
	n := 0
	for _, s := range series {
		n += s.Len()
		for i, v := range s.Values {
			sums[i%w] += float64(v)
		}
	}
	scale := Scale{Mean: make([]float32, w), Deviation: make([]float32, w)}
	for _, s := range series {
		for i, v := range s.Values {
			d := float64(v) - sums[i%w]/float64(n)
			squares[i%w] += d * d
		}
	}
	for c := range w {
		scale.Mean[c] = float32(sums[c] / float64(n))
		scale.Deviation[c] = float32(math.Sqrt(squares[c] / float64(n)))
		if scale.Deviation[c] == 0 {
			scale.Deviation[c] = 1
		}
	}
	return scale
}

// Apply returns a scaled copy of s.
func (c Scale) Apply(s *Series) *Series {
	out := &Series{Columns: s.Columns, Width: s.Width, Values: make([]float32, len(s.Values))}
	for i, v := range s.Values {
		out.Values[i] = (v - c.Mean[i%s.Width]) / c.Deviation[i%s.Width]
	}
	return out
}
