package data

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Period is the time from one frame of features to the next.
type Period struct {
	Time    time.Duration
	Assumed bool // the data do not say it, and most front ends have it
}

// usualPeriod is that of features that were computed before whose index does not
// say it.
var usualPeriod = Period{Time: 10 * time.Millisecond, Assumed: true}

// period is what the index says of features that were computed before. It says the
// same in every row.
func (x *index) period() (Period, error) {
	const column = "frame_rate"
	if !x.has(column) {
		return usualPeriod, nil
	}
	first := x.text(0, column)
	for row := range x.rows {
		if rate := x.text(row, column); rate != first {
			return Period{}, fmt.Errorf("%s: %s %q, want %q as the first recording has", x.place(row), column, rate, first)
		}
	}
	rate, err := strconv.ParseFloat(first, 64)
	if err != nil || !(rate >= 1 && rate <= 1e6) {
		return Period{}, fmt.Errorf("%s: %s %q, want the number of frames a second, from 1 to 1000000", x.place(0), column, first)
	}
	return Period{Time: time.Duration(math.Round(float64(time.Second) / rate))}, nil
}

// Period is the time from one frame to the next.
func (m *LogMel) Period() Period {
	return Period{Time: time.Duration(m.step) * time.Second / time.Duration(m.Rate)}
}
