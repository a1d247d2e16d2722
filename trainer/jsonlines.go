package trainer

import (
	"bytes"
	"encoding/json"
	"io"
)

// JSONLines writes a line of JSON for every event: the key "event" with its name
// and then its fields. Of steps only every tenth, and the last, is written.
type JSONLines struct {
	w   io.Writer
	err error
}

// NewJSONLines makes an observer that writes to w.
func NewJSONLines(w io.Writer) *JSONLines { return &JSONLines{w: w} }

// everyStep is the number of steps from line to line.
const everyStep = 10

// Observe writes an event.
func (j *JSONLines) Observe(e Event) {
	if s, ok := e.(Stepped); ok && s.Step%everyStep != 0 && s.Step != s.Total {
		return
	}
	fields, err := json.Marshal(e)
	if err != nil {
		j.fail(err)
		return
	}
	var line bytes.Buffer
	line.WriteString(`{"event":"` + e.Name() + `",`)
	line.Write(fields[1:])
	line.WriteByte('\n')
	_, err = j.w.Write(line.Bytes())
	j.fail(err)
}

// fail keeps the first error.
func (j *JSONLines) fail(err error) {
	if j.err == nil {
		j.err = err
	}
}

// Err is the first error of writing.
func (j *JSONLines) Err() error { return j.err }
