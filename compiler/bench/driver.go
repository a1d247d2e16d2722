package bench

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"go/format"
	"path"
	"text/template"

	"golang.org/x/tools/txtar"

	"github.com/sparsec/sparsec/compiler/scratch"
)

// modulePath is that of the temporary module; nothing of that name exists.
const modulePath = "bench.invalid"

// driver is the main package of the temporary module, but for the subjects.
//
//go:embed _driver/main.go frames.go pin_linux.go pin_other.go
var driver embed.FS

// writeModule puts the subjects, each a package of its own, and the program
// that times them, each over so many frames, into a module.
func writeModule(m *scratch.Module, subjects []Subject, frames int) error {
	var main []txtar.File
	for _, name := range []string{"_driver/main.go", "frames.go", "pin_linux.go", "pin_other.go"} {
		data, err := driver.ReadFile(name)
		if err != nil {
			return err
		}
		main = append(main, txtar.File{Name: path.Base(name), Data: bytes.Replace(data, []byte("package bench\n"), []byte("package main\n"), 1)})
	}
	table, err := subjectTable(subjects, frames)
	if err != nil {
		return err
	}
	errs := []error{m.Add("", append(main, table))}
	for i := range subjects {
		files, err := subjects[i].files()
		if err != nil {
			return err
		}
		errs = append(errs, m.Add(fmt.Sprintf("p%d", i), files))
	}
	return errors.Join(errs...)
}

// subjectTable is the file that names the subjects to the program.
func subjectTable(subjects []Subject, frames int) (txtar.File, error) {
	var b bytes.Buffer
	table := struct {
		Frames   int
		Subjects []Subject
	}{frames, subjects}
	if err := tableTemplate.Execute(&b, table); err != nil {
		return txtar.File{}, err
	}
	source, err := format.Source(b.Bytes())
	if err != nil {
		return txtar.File{}, fmt.Errorf("the program's table of subjects, which is a bug: %w", err)
	}
	return txtar.File{Name: "subjects.go", Data: source}, nil
}

// Step takes the outputs, then the inputs, in the order of the program's ports. A
// package that has none runs the frames as one sequence, again and again.
var tableTemplate = template.Must(template.New("subjects").Parse(`package main

import (
{{- range $i, $s := .Subjects}}
	p{{$i}} "` + modulePath + `/p{{$i}}"
{{- end}}
)

// frames is how many different frames a subject steps through, again and again.
const frames = {{.Frames}}

var subjects = []subject{
{{- range $i, $s := .Subjects}}
	subject{{$i}}(),
{{- end}}
}
{{range $i, $s := .Subjects}}
{{- if .Layers}}
{{- $x := index .Program.Inputs 0}}
{{- $y := index .Program.Outputs 0}}
func subject{{$i}}() subject {
	x, y := vectors(frames, 0, {{$x.Size}}), new([{{.StreamCount}}][{{$y.Size}}]float32)
{{- if .Lockstep}}
	frame, b := new([{{.StreamCount}}][{{$x.Size}}]float32), new(p{{$i}}.Batch)
	for i := range frame {
		copy(frame[i][:], x[i*{{$x.Size}}:])
	}
	b.Step(y, frame)
{{- else}}
	streams := make([]*p{{$i}}.State, {{.StreamCount}})
	for i := range streams {
		streams[i] = new(p{{$i}}.State)
		streams[i].Step(&y[i], (*[{{$x.Size}}]float32)(x[i*{{$x.Size}}:]))
	}
{{- end}}
	return subject{
		name: {{printf "%q" .Name}}, kernel: p{{$i}}.Kernel(), beside: {{.Beside}},
		step: {{if .Lockstep}}b.RunLayers{{else}}func(n int) { p{{$i}}.RunLayers(streams, n) }{{end}},
		output: func() (all []float32) {
			for i := range y {
				all = append(all, y[i][:]...)
			}
			return all
		},
	}
}
{{- else if not .Program.Streaming}}
func subject{{$i}}() subject {
	s := new(p{{$i}}.State)
{{- range $k, $p := .Program.Inputs}}
{{- if $p.Bound}}
	x{{$k}} := indices32({{$k}}, {{$p.Bound}})
{{- else}}
	x{{$k}} := vectors(frames, {{$k}}, {{$p.Size}})
{{- end}}
{{- end}}
{{- range $k, $p := .Program.Outputs}}
	y{{$k}} := make([]float32, frames*{{$p.Size}})
{{- end}}
	return subject{
		name: {{printf "%q" .Name}}, kernel: p{{$i}}.Kernel(), unit: frames,
		step: func(n int) {
			for ; n > 0; n -= frames {
				check(s.Run({{range $k, $p := .Program.Outputs}}y{{$k}}, {{end}}
{{- range $k, $p := .Program.Inputs}}x{{$k}}, {{end -}}
				))
			}
		},
		output: func() (y []float32) {
{{- range $k, $p := .Program.Outputs}}
			y = append(y, y{{$k}}...)
{{- end}}
			return y
		},
	}
}
{{- else}}
func subject{{$i}}() subject {
	s, at := new(p{{$i}}.State), 0
{{- range $k, $p := .Program.Inputs}}
{{- if $p.Bound}}
	x{{$k}} := indices({{$k}}, {{$p.Bound}})
{{- else}}
	x{{$k}} := vectors(frames, {{$k}}, {{$p.Size}})
{{- end}}
{{- end}}
{{- range $k, $p := .Program.Outputs}}
	y{{$k}} := new([{{$p.Size}}]float32)
{{- end}}
	return subject{
		name: {{printf "%q" .Name}}, kernel: p{{$i}}.Kernel(),
		step: func(n int) {
			for range n {
				s.Step({{range $k, $p := .Program.Outputs}}y{{$k}}, {{end}}
{{- range $k, $p := .Program.Inputs}}
{{- if $p.Bound}}x{{$k}}[at], {{else}}(*[{{$p.Size}}]float32)(x{{$k}}[at*{{$p.Size}}:]), {{end}}
{{- end}})
				at = (at + 1) % frames
			}
		},
		output: func() (y []float32) {
{{- range $k, $p := .Program.Outputs}}
			y = append(y, y{{$k}}[:]...)
{{- end}}
			return y
		},
	}
}
{{- end}}
{{end}}`))
