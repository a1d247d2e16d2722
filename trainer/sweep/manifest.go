package sweep

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/template"
)

// Job is what a manifest says beside the experiment.
type Job struct {
	Image       string // with sparsec in its path
	Queue       string // of Kueue
	Claim       string // persistent volume claim of the folder that the pods share
	Data        string // folder of the data on that volume
	CPU         int    // processors of a pod
	Memory      string // of a pod, as in 2Gi
	Parallelism int    // pods at the same time; 0 for all
}

// Manifest writes a ConfigMap with the experiment and a Job in which every index
// runs one cell, as YAML. The Job is suspended until Kueue admits it (label
// kueue.x-k8s.io/queue-name). Pods share a volume: results are collected by
// `sparsec sweep -report` over its folder. A pod that is evicted goes on from its
// checkpoint; one whose cell needs the model of another waits for it.
func (e *Experiment) Manifest(w io.Writer, j Job) error {
	if err := j.validate(); err != nil {
		return err
	}
	if j.Parallelism == 0 {
		j.Parallelism = len(e.Cells)
	}
	return manifest.Execute(w, struct {
		*Experiment
		Job
		Resource, Folder string
	}{e, j, e.resource(), e.Folder()})
}

func (j Job) validate() error {
	var faults []error
	for _, field := range []struct{ name, value string }{{"image", j.Image}, {"queue", j.Queue}, {"claim", j.Claim}, {"memory", j.Memory}} {
		if field.value == "" || strings.ContainsAny(field.value, " \n\t") {
			faults = append(faults, fmt.Errorf("%s %q: want a name without spaces", field.name, field.value))
		}
	}
	if j.CPU < 1 || j.Parallelism < 0 {
		faults = append(faults, fmt.Errorf("%d processors and parallelism %d, want at least 1 and 0", j.CPU, j.Parallelism))
	}
	return errors.Join(faults...)
}

// Folder is the name of the folder that a sweep is kept in.
func (e *Experiment) Folder() string {
	if e.Quick {
		return e.Name + "-quick"
	}
	return e.Name
}

func (e *Experiment) resource() string { return "sparsec-" + e.Folder() }

// manifest is checked by a test that reads it as YAML. Strings are quoted as Go
// does, which is a form of YAML's double quotes for what validate lets through.
var manifest = template.Must(template.New("manifest").Funcs(template.FuncMap{
	"indented": func(text []byte) string {
		var b strings.Builder
		for line := range strings.Lines(string(text)) {
			b.WriteString("    " + line)
		}
		return strings.TrimRight(b.String(), "\n")
	},
}).Parse(`# {{.Title}}: {{len .Cells}} cells. Results: sparsec sweep -report -o FOLDER {{.Name}}.toml
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{.Resource}}
data:
  experiment.toml: |2
{{indented .Source}}
---
apiVersion: batch/v1
kind: Job
metadata:
  name: {{.Resource}}
  labels:
    kueue.x-k8s.io/queue-name: {{printf "%q" .Queue}}
spec:
  suspend: true
  completions: {{len .Cells}}
  parallelism: {{.Parallelism}}
  completionMode: Indexed
  backoffLimitPerIndex: 6
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: cell
          image: {{printf "%q" .Image}}
          command:
            - sparsec
            - sweep
            - -cell
            - $(JOB_COMPLETION_INDEX)
            - -wait
{{- if .Quick}}
            - -quick
{{- end}}
            - -data
            - {{printf "%q" (print "/shared/" .Data)}}
            - -o
            - {{printf "%q" (print "/shared/" .Folder)}}
            - /experiment/experiment.toml
          env:
            - name: GOMAXPROCS
              value: "{{.CPU}}"
          resources:
            requests:
              cpu: "{{.CPU}}"
              memory: {{printf "%q" .Memory}}
            limits:
              memory: {{printf "%q" .Memory}}
          volumeMounts:
            - name: shared
              mountPath: /shared
            - name: experiment
              mountPath: /experiment
      volumes:
        - name: shared
          persistentVolumeClaim:
            claimName: {{printf "%q" .Claim}}
        - name: experiment
          configMap:
            name: {{.Resource}}
`))
