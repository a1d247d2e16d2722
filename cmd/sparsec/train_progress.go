package main

import (
	"io"
	"os"

	"golang.org/x/term"

	"github.com/sparsec/sparsec/trainer"
)

// observerOf shows the progress of a run in the form that -progress names.
func observerOf(form, name string, w io.Writer) (trainer.Observer, error) {
	if form == "auto" {
		form = "json"
		if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
			form = "bar"
		}
	}
	switch form {
	case "bar":
		return trainer.NewProgress(w, name), nil
	case "json":
		return trainer.NewJSONLines(w), nil
	case "none":
		return nil, nil
	}
	return nil, usagef("-progress %q: want auto, bar, json or none", form)
}
