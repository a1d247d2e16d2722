package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// table prints rows in aligned columns, two spaces apart.
type table struct{ w *tabwriter.Writer }

func newTable(w io.Writer, head ...string) *table {
	t := &table{tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.StripEscape)}
	t.line(head)
	return t
}

func (t *table) row(cells ...any) {
	texts := make([]string, len(cells))
	for i, c := range cells {
		texts[i] = fmt.Sprint(c)
	}
	t.line(texts)
}

func (t *table) line(cells []string) {
	// Empty cells at the end would leave spaces behind the line.
	for len(cells) > 0 && cells[len(cells)-1] == "" {
		cells = cells[:len(cells)-1]
	}
	fmt.Fprintln(t.w, strings.Join(cells, "\t"))
}

func (t *table) flush() { t.w.Flush() }

func shape(rows, cols int) string { return fmt.Sprintf("%d×%d", rows, cols) }

func percent(share float64) string { return fmt.Sprintf("%.1f %%", 100*share) }

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// size is a number of bytes for a reader.
func size(n int) string {
	switch {
	case n < 10_000:
		return fmt.Sprintf("%d bytes", n)
	case n < 10_000_000:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}

// microseconds is a predicted or measured time of ns nanoseconds for a reader.
func microseconds(ns float64) string { return fmt.Sprintf("%.2f µs", ns/1e3) }
