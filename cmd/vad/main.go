// Command vad finds the speech in a recording, with the Silero voice-activity
// detector compiled by sparsec. It is an example of a streaming model that was
// trained elsewhere: the ONNX file becomes a Go package, which reads the recording
// step by step, 512 samples of 16 kHz at a time.
//
//	go run ./cmd/vad silero_vad.onnx speech.wav
//
// The model is https://github.com/snakers4/silero-vad (MIT) or any that takes the
// last samples and returns the probability of speech in one number.
//
// # In a program of your own
//
// This command compiles the model each time it is called. A program does that once,
// when it is built: in a module that requires github.com/sparsec/sparsec as a tool,
//
//	go get -tool github.com/sparsec/sparsec/cmd/sparsec
//	go tool sparsec compile -generate silero_vad.onnx -o ./vad -pkg vad \
//		-dim batch=1 -dim sequence=576 -set sr=16000
//
// leaves a package that imports the standard library alone, with the weights in it
// and a go:generate line that compiles it again from the ONNX file. Then
//
//	var s vad.State                       // one stream; the zero value is its beginning
//	var window [vad.InputSize]float32     // 64 samples of the step before, then 512 new ones
//	var probability [vad.OutputSize]float32
//	for hop := range recording {          // *[512]float32
//		copy(window[:], window[512:])
//		copy(window[64:], hop[:])
//		s.Step(&probability, &window)
//	}
//
// takes some ten microseconds a step and allocates nothing. What the sizes are called
// follows from the names of the file's inputs and outputs.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	switch err := run(ctx, os.Stdout, os.Args[1:]); {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "vad:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	detection detection
	window    int    // samples that the model takes in a step
	hop       int    // how many of them are new
	rate      string // the input of the model that takes the rate of samples; empty for none
	steps     bool
}

func run(ctx context.Context, w io.Writer, args []string) error {
	var o options
	fs := flag.NewFlagSet("vad", flag.ContinueOnError)
	fs.Usage = func() {
		fmt.Fprintf(fs.Output(), "Usage: vad [flags] MODEL.onnx FILE.wav\n\nPrints the segments of a recording in which someone speaks.\n\n")
		fs.PrintDefaults()
	}
	fs.Float64Var(&o.detection.threshold, "threshold", 0.5, "probability from which on a step is speech; it ends 0.15 below")
	fs.DurationVar(&o.detection.minSpeech, "min-speech", 250*time.Millisecond, "shortest speech that counts")
	fs.DurationVar(&o.detection.minSilence, "min-silence", 100*time.Millisecond, "shortest silence that divides speech")
	fs.DurationVar(&o.detection.pad, "pad", 30*time.Millisecond, "put this much around each segment")
	fs.IntVar(&o.window, "window", 576, "samples that the model takes in a step")
	fs.IntVar(&o.hop, "hop", 512, "how many of them are new; the others are those before")
	fs.StringVar(&o.rate, "rate", "sr", "`input` of the model that takes the rate of samples; empty for none")
	fs.BoolVar(&o.steps, "steps", false, "print the probability of every step too")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if fs.NArg() != 2 {
		fs.Usage()
		return fmt.Errorf("want a model and a recording, got %d arguments", fs.NArg())
	}
	if o.hop < 1 || o.hop > o.window {
		return fmt.Errorf("-hop %d: want 1 to the window of %d", o.hop, o.window)
	}
	return detect(ctx, w, fs.Arg(0), fs.Arg(1), &o)
}

// detect prints the segments of a recording.
func detect(ctx context.Context, w io.Writer, model, recording string, o *options) error {
	samples, err := readWAV(recording)
	if err != nil {
		return err
	}
	probabilities, err := probabilities(ctx, model, samples, o)
	if err != nil {
		return err
	}
	at := func(sample int) float64 { return float64(sample) / sampleRate }
	if o.steps {
		for i, p := range probabilities {
			fmt.Fprintf(w, "%8.3f s  %.4f\n", at(i*o.hop), p)
		}
	}
	segments := o.detection.segments(probabilities, o.hop, len(samples))
	for _, s := range segments {
		fmt.Fprintf(w, "%8.3f s to %8.3f s  speech, mean probability %.3f\n", at(s.from), at(s.to), s.probability)
	}
	_, err = fmt.Fprintf(w, "%d segments in %.3f s\n", len(segments), at(len(samples)))
	return err
}
