package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"path/filepath"
	"strings"

	"github.com/sparsec/sparsec/trainer/sweep"
)

// Files of a report, in the folder of the sweep.
const (
	reportFile  = "report.html"
	resultsFile = "results.jsonl"
)

// writeReport writes the results as JSON lines, the pictures, the page and its table, and
// prints the table.
func (s *sweepRun) writeReport(w io.Writer, done []*sweep.Result, times *stepTimes) error {
	var lines bytes.Buffer
	enc := json.NewEncoder(&lines)
	for _, r := range done {
		if err := enc.Encode(r); err != nil {
			return err
		}
	}
	if err := replaceFile(filepath.Join(s.out, resultsFile), lines.Bytes()); err != nil {
		return err
	}
	groups := groupsOf(done, times)
	drawn, err := pictures(groups)
	if err != nil {
		return err
	}
	for _, p := range drawn {
		if err := replaceFile(filepath.Join(s.out, p.name+".png"), p.png); err != nil {
			return err
		}
	}
	page, err := s.page(groups, drawn, times)
	if err != nil {
		return err
	}
	if err := replaceFile(filepath.Join(s.out, tableFile), s.markdown(groups, drawn, times)); err != nil {
		return err
	}
	report := filepath.Join(s.out, reportFile)
	if err := replaceFile(report, page); err != nil {
		return err
	}
	printSummary(w, groups)
	if missing := len(s.experiment.Cells) - len(done); missing > 0 {
		fmt.Fprintf(w, "%d of %d cells are not done\n", missing, len(s.experiment.Cells))
	}
	_, err = fmt.Fprintf(w, "wrote %s\n", report)
	return err
}

// page is the report in one file.
func (s *sweepRun) page(groups []group, drawn []picture, times *stepTimes) ([]byte, error) {
	head, rows := summary(groups)
	data := pageData{
		Title: s.experiment.Title, Experiment: string(s.experiment.Source), Quick: s.quick,
		Command: s.command(), Head: head, Rows: rows,
	}
	for _, p := range drawn {
		data.Pictures = append(data.Pictures, embedded(p.title, p.png))
	}
	if times != nil {
		data.Timed = measured(times.Result)
		data.NotTimed = times.Not
	}
	for _, g := range groups {
		for _, r := range g.results {
			c, err := newPageCell(r)
			if err != nil {
				return nil, err
			}
			data.Cells = append(data.Cells, c)
		}
	}
	var b bytes.Buffer
	err := pageTemplate.Execute(&b, data)
	return b.Bytes(), err
}

// command makes the report again.
func (s *sweepRun) command() string {
	words := []string{"sparsec sweep"}
	if s.quick {
		words = append(words, "-quick")
	}
	if s.bench {
		words = append(words, "-bench")
	}
	return strings.Join(append(words, "-data DATA", filepath.Base(s.path)), " ")
}

type pageData struct {
	Title, Experiment, Command, Timed string
	NotTimed                          map[string]string
	Quick                             bool
	Head                              []string
	Rows                              [][]string
	Pictures                          []pagePicture
	Cells                             []pageCell
}

type pagePicture struct {
	Title  string
	Source template.URL
}

func embedded(title string, png []byte) pagePicture {
	return pagePicture{title, template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(png))}
}

// pageCell is one run on the page.
type pageCell struct {
	*sweep.Result
	Scores   string
	Seconds  string
	Settings string
	Masks    *pagePicture
}

func newPageCell(r *sweep.Result) (pageCell, error) {
	c := pageCell{Result: r, Scores: fmt.Sprintf("validation %s at step %d", r.Valid, r.BestStep)}
	c.Seconds = c.took()
	if r.Test != nil {
		c.Scores = fmt.Sprintf("test %s, ", r.Test) + c.Scores
	}
	settings, err := json.MarshalIndent(r.Config, "", "  ")
	if err != nil {
		return c, err
	}
	c.Settings = string(settings)
	png, err := maskPicture(r)
	if err != nil || png == nil {
		return c, err
	}
	masks := embedded(r.Name, png)
	c.Masks = &masks
	return c, nil
}

// took is the time of a cell.
func (c pageCell) took() string {
	took := fmt.Sprintf("%.0f s", c.Times.Total().Seconds())
	if c.Resumed {
		took += " since it was resumed"
	}
	return took
}

// DensityOf is that of a matrix of a cell.
func (c pageCell) DensityOf(m sweep.MatrixShare) string { return percent(ratio(m.Kept, m.Weights)) }

var pageTemplate = template.Must(template.New("report").Parse(`<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>{{.Title}}</title>
<style>
body { font: 15px/1.45 sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; margin: 1rem 0 }
th, td { padding: .25rem .8rem .25rem 0; text-align: right; border-bottom: 1px solid #ddd; vertical-align: top }
th:first-child, td:first-child { text-align: left }
img { max-width: 100% }
pre { background: #f6f6f6; padding: .6rem; overflow-x: auto }
code { font-size: .9em; overflow-wrap: anywhere }
</style>
<h1>{{.Title}}{{if .Quick}} (quick form){{end}}</h1>
<p>Made by <code>{{.Command}}</code>.</p>
<table>
<tr>{{range .Head}}<th>{{.}}</th>{{end}}</tr>
{{- range .Rows}}
<tr>{{range .}}<td>{{.}}</td>{{end}}</tr>
{{- end}}
</table>
{{- if .Timed}}
<p>Times: {{.Timed}}.</p>
{{- end}}
{{- range $name, $why := .NotTimed}}
<p>{{$name}} was not timed: {{$why}}.</p>
{{- end}}
{{range .Pictures}}<p><img alt="{{.Title}}" src="{{.Source}}"></p>
{{end}}
<h2>Runs</h2>
{{- range $c := .Cells}}
<details>
<summary>{{.Name}}: {{.Scores}}, {{.Seconds}}</summary>
{{- if .Matrices}}
<table>
<tr><th>matrix</th><th>gates</th><th>shape</th><th>pattern</th><th>kept</th><th>density</th></tr>
{{- range .Matrices}}
<tr><td>{{.Name}}</td><td>{{range .Gates}}{{.}} {{end}}</td><td>{{.Rows}}×{{.Cols}}</td><td>{{.Pattern}}</td><td>{{.Kept}}</td><td>{{$c.DensityOf .}}</td></tr>
{{- end}}
</table>
{{- end}}
{{- with .Masks}}
<p><img alt="masks of {{.Title}}" src="{{.Source}}"></p>
{{- end}}
<p>SHA-256: configuration <code>{{.ConfigSum}}</code>, log <code>{{.LogSum}}</code>, model <code>{{.ModelSum}}</code>. sparsec {{.Version}}, {{.CPU}}, workers {{.Workers}}.</p>
<pre>{{.Settings}}</pre>
</details>
{{- end}}
<h2>Experiment</h2>
<pre>{{.Experiment}}</pre>
</html>
`))
