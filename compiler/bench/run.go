package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/sparsec/sparsec/compiler/scratch"
)

// Local is a function of the calling process that takes turns with the
// subjects, pinned to their processor.
type Local struct {
	Name string
	Step func() // one step of a stream that goes on
}

// Options say how long to measure.
type Options struct {
	// Slice is the time of one subject in one round; 0 stands for 2 ms. A slice
	// has at least four steps, or one whole sequence, however long they take.
	Slice time.Duration
	// Frames is how many different frames a subject steps through, again and
	// again; 0 stands for 64. A package that takes whole sequences takes them as
	// one of that length, over which a time of a step is the mean.
	Frames int
	// Budget is the time for all rounds together; 0 stands for 3 s. There are
	// at least MinRounds of them.
	Budget time.Duration
	// Tolerance t allows |got − want| ≤ t·max(1, |want|) between the outputs of
	// twins; 0 stands for 1e-2, since errors of rounding travel through the
	// states.
	Tolerance float64
	// Go is the go command; empty for the one in PATH.
	Go string
	// Progress, where it is not nil, is called after each round.
	Progress func(done, total int)
}

// MinRounds and maxRounds bound the number of rounds.
const (
	MinRounds = 15
	maxRounds = 2001
)

// Run builds the subjects into one program and times them, and the local
// functions in between. An error means that a package could not be built or
// run, or that a twin computes something else.
func Run(ctx context.Context, subjects []Subject, locals []Local, o Options) (r *Result, err error) {
	if len(subjects) == 0 {
		return nil, errors.New("bench: no subjects")
	}
	m, err := scratch.New(modulePath)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	m.Go = o.Go
	if err := writeModule(m, subjects, o.frames()); err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	program, err := m.Build(ctx)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		// The thread is pinned, as will be the program that it starts, to the
		// same processor. It ends with its goroutine for not being unlocked.
		runtime.LockOSThread()
		pin()
		r, err = measure(m.Command(ctx, program, o.slice().String()), subjects, locals, o)
	}()
	<-done
	if err == nil {
		return r, ctx.Err()
	}
	if cancelled := scratch.Cancelled(ctx); cancelled != nil {
		return nil, cancelled
	}
	return nil, fmt.Errorf("bench: %w", err)
}

func (o *Options) slice() time.Duration {
	if o.Slice <= 0 {
		return 2 * time.Millisecond
	}
	return o.Slice
}

func (o *Options) frames() int {
	if o.Frames <= 0 {
		return defaultFrames
	}
	return o.Frames
}

// session is a running program of subjects.
type session struct {
	in  io.WriteCloser
	out *bufio.Reader

	header header
	locals []*local
	spins  []float64
	ns     [][]float64 // [row][round]
}

// header and round are what the program writes.
type header struct {
	CPU      int `json:"cpu"`
	Subjects []struct {
		Name   string `json:"name"`
		Kernel string `json:"kernel"`
		Steps  int    `json:"steps"`
		Output []byte `json:"output"`
	} `json:"subjects"`
}

type round struct {
	Spin float64   `json:"spin"`
	NS   []float64 `json:"ns"`
}

// measure runs the program to its end.
func measure(cmd *exec.Cmd, subjects []Subject, locals []Local, o Options) (*Result, error) {
	var said bytes.Buffer
	cmd.Stderr = &said
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &session{in: in, out: bufio.NewReader(out)}
	runErr := s.run(subjects, locals, o)
	in.Close()
	if err := cmd.Wait(); err != nil {
		return nil, fmt.Errorf("the program of the subjects: %w\n%s", err, strings.TrimSpace(said.String()))
	}
	if runErr != nil {
		return nil, runErr
	}
	return s.result(), nil
}

func (s *session) run(subjects []Subject, locals []Local, o Options) error {
	if err := s.read(&s.header); err != nil {
		return err
	}
	if err := s.holdTwins(subjects, o); err != nil {
		return err
	}
	for _, l := range locals {
		s.locals = append(s.locals, calibrate(l, o.slice()))
	}
	s.ns = make([][]float64, len(subjects)+len(locals))
	return s.rounds(o)
}

// rounds takes turns until the budget is spent.
func (s *session) rounds(o Options) error {
	budget := o.Budget
	if budget <= 0 {
		budget = 3 * time.Second
	}
	total := MinRounds
	start := time.Now()
	for n := 0; n < total; n++ {
		if err := s.round(n); err != nil {
			return err
		}
		if n == 2 {
			each := time.Since(start) / 3
			total = min(max(MinRounds, int(budget/max(each, 1))), maxRounds)
		}
		if o.Progress != nil {
			o.Progress(n+1, total)
		}
	}
	return nil
}

// round is one turn of everybody; the program waits while local functions run.
func (s *session) round(n int) error {
	if _, err := fmt.Fprintln(s.in, n%len(s.header.Subjects)); err != nil {
		return err
	}
	var r round
	if err := s.read(&r); err != nil {
		return err
	}
	s.spins = append(s.spins, r.Spin)
	for i, ns := range r.NS {
		s.ns[i] = append(s.ns[i], ns)
	}
	for i, l := range s.locals {
		at := len(r.NS) + i
		s.ns[at] = append(s.ns[at], l.slice())
	}
	return nil
}

func (s *session) read(v any) error {
	line, err := s.out.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("output of the subjects' program: %w", err)
	}
	if err := json.Unmarshal(line, v); err != nil {
		return fmt.Errorf("output of the subjects' program: %w", err)
	}
	return nil
}

// holdTwins wants the outputs of every subject finite, and those of twins alike.
func (s *session) holdTwins(subjects []Subject, o Options) error {
	tolerance := o.Tolerance
	if tolerance == 0 {
		tolerance = 1e-2
	}
	outputs := map[string][]float32{}
	for i, d := range s.header.Subjects {
		got := floats(d.Output)
		if k := slices.IndexFunc(got, notFinite); k >= 0 {
			return fmt.Errorf("subject %q: output element %d is %v after %d steps", d.Name, k, got[k], o.frames())
		}
		outputs[d.Name] = got
		twin := subjects[i].Twin
		if twin == "" {
			continue
		}
		want, ok := outputs[twin]
		if !ok || len(got) != len(want) {
			return fmt.Errorf("subject %q: %d output elements, its twin %q has %d", d.Name, len(got), twin, len(want))
		}
		for k := range got {
			if w := float64(want[k]); math.Abs(float64(got[k])-w) > tolerance*max(1, math.Abs(w)) {
				return fmt.Errorf("subject %q: output element %d is %v after %d steps, that of %q is %v", d.Name, k, got[k], o.frames(), twin, want[k])
			}
		}
	}
	return nil
}

func notFinite(x float32) bool { return math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) }

func floats(b []byte) []float32 {
	x := make([]float32, len(b)/4)
	for i := range x {
		x[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return x
}

// local is a function of this process with the number of steps of its slice.
type local struct {
	Local
	steps int
}

// calibrate finds how many steps fill a slice, at least four.
func calibrate(f Local, slice time.Duration) *local {
	l := &local{Local: f, steps: 4}
	for ; ; l.steps *= 2 {
		if took := l.slice() * float64(l.steps); took >= float64(slice)/4 {
			l.steps = max(4, int(float64(l.steps)*float64(slice)/took))
			return l
		}
	}
}

// slice times one slice and returns the nanoseconds of a step.
func (l *local) slice() float64 {
	for range warm(l.steps) {
		l.Step()
	}
	start := time.Now()
	for range l.steps {
		l.Step()
	}
	return float64(time.Since(start)) / float64(l.steps)
}

// warm is how many steps before a slice are not timed, as in the driver.
func warm(steps int) int { return max(2, steps/4) }

func (s *session) result() *Result {
	r := &Result{CPU: s.header.CPU, Rounds: len(s.spins), Drift: spread(s.spins)}
	add := func(row Row) {
		ns := s.ns[len(r.Rows)]
		ratios := make([]float64, len(ns))
		for i := range ns {
			ratios[i] = s.ns[0][i] / ns[i]
		}
		row.NS, row.Low, row.High = quantile(ns, .5), quantile(ns, .1), quantile(ns, .9)
		row.Ratio = quantile(ratios, .5)
		r.Rows = append(r.Rows, row)
	}
	for _, d := range s.header.Subjects {
		add(Row{Name: d.Name, Kernel: d.Kernel, Steps: d.Steps, Output: floats(d.Output)})
	}
	for _, l := range s.locals {
		add(Row{Name: l.Name, Steps: l.steps})
	}
	return r
}
