package data

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// index is the table of a set of recordings, a line each.
type index struct {
	name    string
	columns map[string]int
	rows    [][]string
}

// readIndex reads a table divided by tabs whose first line names its columns.
func readIndex(r io.Reader, name string) (*index, error) {
	x := &index{name: name, columns: map[string]int{}}
	err := readLines(r, name, func(line string) error {
		fields := strings.Split(line, "\t")
		switch {
		case len(x.columns) == 0:
			for i, column := range fields {
				if _, twice := x.columns[column]; twice || column == "" {
					return fmt.Errorf("column %q, want a name of its own", column)
				}
				x.columns[column] = i
			}
			return nil
		case len(fields) != len(x.columns):
			return fmt.Errorf("%d columns, want %d", len(fields), len(x.columns))
		}
		x.rows = append(x.rows, fields)
		return nil
	})
	if err == nil && len(x.rows) == 0 {
		err = fmt.Errorf("%s: no recordings, want a line of names of columns and one a recording", name)
	}
	return x, err
}

// has reports whether there is a column.
func (x *index) has(column string) bool {
	_, ok := x.columns[column]
	return ok
}

// want is an error that lists the columns that are not there.
func (x *index) want(columns ...string) error {
	for _, c := range columns {
		if !x.has(c) {
			return fmt.Errorf("%s: no column %q, want %s", x.name, c, strings.Join(columns, ", "))
		}
	}
	return nil
}

// text is a field of a row; it is empty where there is no such column.
func (x *index) text(row int, column string) string {
	i, ok := x.columns[column]
	if !ok {
		return ""
	}
	return x.rows[row][i]
}

// number is a whole number of at least 0.
func (x *index) number(row int, column string) (int, error) {
	n, err := strconv.ParseUint(x.text(row, column), 10, 40)
	if err != nil {
		return 0, fmt.Errorf("%s: %s %q, want a whole number", x.place(row), column, x.text(row, column))
	}
	return int(n), nil
}

// place is file and line of a row.
func (x *index) place(row int) string { return fmt.Sprintf("%s:%d", x.name, row+2) }
