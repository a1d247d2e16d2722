package main

import (
	"fmt"
	"strings"
)

// tableFile is the report as text, to be kept beside a project.
const tableFile = "report.md"

// markdown is the table of a sweep, how it was made, and what identifies each run.
func (s *sweepRun) markdown(groups []group, drawn []picture, times *stepTimes) []byte {
	var b strings.Builder
	title := s.experiment.Title
	if s.quick {
		title += " (quick form)"
	}
	fmt.Fprintf(&b, "# %s\n\n    %s\n\n", title, s.command())
	head, rows := summary(groups)
	writeMarkdownTable(&b, head, rows)
	if times != nil {
		fmt.Fprintf(&b, "\nTimes: %s.\n", measured(times.Result))
	}
	b.WriteString("\n")
	for _, p := range drawn {
		fmt.Fprintf(&b, "![%s](%s.png)\n", p.title, p.name)
	}
	b.WriteString("\nThe runs, with the beginnings of the SHA-256 of their files:\n\n")
	rows = nil
	for _, g := range groups {
		for _, r := range g.results {
			c := pageCell{Result: r}
			rows = append(rows, []string{
				r.Name, fmt.Sprintf("%.4g", quality(r.Score())), fmt.Sprintf("%d of %d", r.BestStep, r.Steps), c.took(),
				r.ConfigSum[:12], r.LogSum[:12], r.ModelSum[:12],
			})
		}
	}
	writeMarkdownTable(&b, []string{"run", head[4], "best step", "time", "configuration", "log", "model"}, rows)
	first := groups[0].results[0]
	fmt.Fprintf(&b, "\nsparsec %s, %s processors, workers %d.\n", first.Version, first.CPU, first.Workers)
	return []byte(b.String())
}

func writeMarkdownTable(b *strings.Builder, head []string, rows [][]string) {
	line := func(cells []string) { fmt.Fprintf(b, "| %s |\n", strings.Join(cells, " | ")) }
	line(head)
	line(strings.Split(strings.Repeat("---,", len(head)-1)+"---", ","))
	for _, row := range rows {
		line(row)
	}
}
