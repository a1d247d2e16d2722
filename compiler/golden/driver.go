package golden

import "text/template"

// mainText is the program of a module: it runs the package that its first argument
// names with the kernels that the second names, and writes nothing where there are
// none of that name.
const mainText = `package main

import (
	"bufio"
	"encoding/binary"
	"log"
	"os"
)

var runs = map[string]func(kernel string){}

var (
	in  = bufio.NewReader(os.Stdin)
	out = bufio.NewWriter(os.Stdout)
)

func main() {
	log.SetFlags(0)
	runs[os.Args[1]](os.Args[2])
	check(out.Flush())
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func read[T any](v []T) []T {
	check(binary.Read(in, binary.LittleEndian, v))
	return v
}

func write(v []float32) { check(binary.Write(out, binary.LittleEndian, v)) }

func stops() []int64 {
	return read(make([]int64, read(make([]int64, 1))[0]))
}

// given reports whether a state follows.
func given() bool { return read(make([]int64, 1))[0] != 0 }
`

// driverTemplate runs one package, from the compiled package. Run takes the outputs,
// then the inputs, in the order of the ports.
var driverTemplate = template.Must(template.New("driver").Parse(`package main

import m "` + modulePath + `/{{.Name}}"

func init() {
	runs["{{.Name}}"] = func(kernel string) {
		if !m.SetKernel(kernel) {
			return
		}
		stops := stops()
		total := stops[len(stops)-1]
		var s m.State
{{- range .States}}
		if given() {
			s.{{.Set}}((*[{{.State.Size}}]float32)(read(make([]float32, {{.State.Size}}))))
		}
{{- end}}
{{- range $i, $p := .Program.Inputs}}
		x{{$i}} := read(make([]{{if $p.Bound}}int32{{else}}float32{{end}}, total*{{$p.Size}}))
{{- end}}
{{- range $i, $p := .Program.Outputs}}
		y{{$i}} := make([]float32, total*{{$p.Size}})
{{- end}}
		var states [][]float32
		from := int64(0)
		for _, to := range stops {
			check(s.Run({{range $i, $p := .Program.Outputs}}y{{$i}}[from*{{$p.Size}}:to*{{$p.Size}}], {{end}}{{range $i, $p := .Program.Inputs}}x{{$i}}[from*{{$p.Size}}:to*{{$p.Size}}], {{end}}))
			from = to
{{- range $i, $s := .States}}
			h{{$i}} := s.{{.Get}}()
			states = append(states, h{{$i}}[:])
{{- end}}
		}
{{- range $i, $p := .Program.Outputs}}
		write(y{{$i}})
{{- end}}
		for _, h := range states {
			write(h)
		}
	}
}
`))
