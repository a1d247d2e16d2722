package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/sparsec/sparsec/compiler/bench"
	"github.com/sparsec/sparsec/trainer"
)

// printPackages prints a line for each package with its times, in the order of their
// subjects, and what was timed: packages that take whole sequences in those of so
// many frames.
func printPackages(w io.Writer, packages []packaged, r *bench.Result, corpus *trainer.Corpus, frames int) error {
	t := newTable(w, "package of", "kernels", "CER", "same transcripts", "weights", "µs per frame", "RTF", "× real time", "times faster")
	whole := false
	for i, k := range packages {
		row := r.Rows[i]
		factor := row.NS / float64(corpus.Period.Time.Nanoseconds())
		whole = whole || !k.pack.Program.Streaming()
		t.row(k.path, kernelsOf(row, k.pack.Program), fmt.Sprintf("%.2f %%", 100*trainer.CharErrors(k.got, k.meta.Unit).Rate()),
			fmt.Sprintf("%d of %d", k.same, len(k.got)), size(weightBytes(k.pack.Program)),
			stepTime(row.NS), significant(factor, 2), significant(1/factor, 2), fmt.Sprintf("%.2f", row.Ratio))
	}
	t.flush()
	sequence := ""
	if whole {
		sequence = fmt.Sprintf(" whole sequences of %d frames,\nthe median of the part;", frames)
	}
	_, err := fmt.Fprintf(w, "(a frame is %s;%s what turns sound into features is not timed;\n%s)\n", frameOf(corpus), sequence, inTurn(r))
	return err
}

// frameOf says how much sound a frame of the network is.
func frameOf(c *trainer.Corpus) string {
	text := fmt.Sprintf("%v ms of sound", milliseconds(c.Period.Time))
	if n := c.Sound.Stack; n > 1 {
		text += fmt.Sprintf(", %d times %v", n, milliseconds(c.Period.Time)/float64(n))
	}
	if c.Period.Assumed {
		text += ", taken to be so as the index has no column frame_rate"
	}
	return text
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// significant is a number rounded to so many digits that tell, without an exponent.
func significant(x float64, digits int) string {
	mantissa, exponent, ok := strings.Cut(strconv.FormatFloat(x, 'e', digits-1, 64), "e")
	power, err := strconv.Atoi(exponent)
	if !ok || err != nil {
		return mantissa // infinite, or no number
	}
	rounded, _ := strconv.ParseFloat(mantissa+"e"+exponent, 64)
	return strconv.FormatFloat(rounded, 'f', max(digits-1-power, 0), 64)
}
