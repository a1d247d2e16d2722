// This program times the subjects in turn. It says what they are as a line of
// JSON, then times one round for every line that it reads.
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"log"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"
)

// subject is one package.
type subject struct {
	name   string
	kernel string
	step   func(n int)      // steps the stream on, a multiple of unit
	unit   int              // frames that a call takes at once; 0 stands for 1
	output func() []float32 // of the last step
	beside int              // bytes that are read before each step

	steps int // in a slice
}

// spins are the turns of the loop that watches the clock.
const spins = 200_000

type header struct {
	CPU      int           `json:"cpu"`
	Subjects []description `json:"subjects"`
}

type description struct {
	Name   string `json:"name"`
	Kernel string `json:"kernel"`
	Steps  int    `json:"steps"`
	Output string `json:"output"` // behind frames steps, as float32
}

type round struct {
	Spin float64   `json:"spin"`
	NS   []float64 `json:"ns"` // a step
}

func main() {
	log.SetFlags(0)
	runtime.LockOSThread()
	runtime.GOMAXPROCS(1)
	slice, err := time.ParseDuration(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	h := header{CPU: pin()}
	out := json.NewEncoder(os.Stdout)
	for i := range subjects {
		s := &subjects[i]
		s.unit = max(s.unit, 1)
		s.step(frames)
		output := s.output()
		s.calibrate(slice)
		h.Subjects = append(h.Subjects, description{s.name, s.kernel, s.steps, encode(output)})
	}
	check(out.Encode(h))
	in := bufio.NewScanner(os.Stdin)
	for n := 0; in.Scan(); n++ {
		first, err := strconv.Atoi(in.Text())
		check(err)
		check(out.Encode(oneRound(first)))
	}
	check(in.Err())
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// calibrate finds how many steps fill a slice, at least four, in whole units.
func (s *subject) calibrate(slice time.Duration) {
	for s.steps = s.whole(4); ; s.steps *= 2 {
		start := time.Now()
		s.run(s.steps)
		if took := time.Since(start); took >= slice/4 {
			s.steps = s.whole(max(4, int(float64(s.steps)*float64(slice)/float64(took))))
			return
		}
	}
}

// whole is n rounded up to whole units.
func (s *subject) whole(n int) int { return (n + s.unit - 1) / s.unit * s.unit }

// oneRound times every subject once, beginning with another one each time.
func oneRound(first int) round {
	r := round{Spin: spin(), NS: make([]float64, len(subjects))}
	for k := range subjects {
		i := (first + k) % len(subjects)
		s := &subjects[i]
		s.run(s.whole(warm(s.steps)))
		r.NS[i] = float64(s.run(s.steps)) / float64(s.steps)
	}
	return r
}

// warm is how many steps before a slice are not timed: the turn before has filled
// the caches with other weights, and a shared one takes those of this subject back
// over many steps.
func warm(steps int) int { return max(2, steps/4) }

// run makes steps and returns the time that they took.
func (s *subject) run(n int) time.Duration {
	if s.beside == 0 {
		start := time.Now()
		s.step(n)
		return time.Since(start)
	}
	var took time.Duration
	for range n {
		readBeside(s.beside)
		start := time.Now()
		s.step(1)
		took += time.Since(start)
	}
	return max(took-time.Duration(n)*clockCost(), 0)
}

// beside is memory that no subject reads.
var beside []uint64

// readBeside reads bytes of it, a word of each cache line.
func readBeside(bytes int) {
	const line = 64 / 8
	if len(beside) < bytes/8 {
		beside = make([]uint64, bytes/8)
		for i := range beside {
			beside[i] = uint64(i)
		}
	}
	for i := 0; i < bytes/8; i += line {
		sink += beside[i]
	}
}

// clockCost is the time between two looks at the clock, the least of many
// averages.
var clockCost = sync.OnceValue(func() time.Duration {
	const looks, averages = 100, 50
	least := time.Hour
	for range averages {
		start := time.Now()
		for range looks {
			_ = time.Since(time.Now())
		}
		least = min(least, time.Since(start)/(2*looks))
	}
	return least
})

var sink uint64

// spin times a chain of dependent multiplications: its length in cycles is
// fixed.
func spin() float64 {
	start := time.Now()
	x := sink
	for range spins {
		x = x*6364136223846793005 + 1442695040888963407
	}
	sink = x
	return float64(time.Since(start))
}

// indices are the frames of an index input.
func indices(port, bound int) []int {
	r := rand.New(rand.NewPCG(1, uint64(port)))
	x := make([]int, frames)
	for i := range x {
		x[i] = r.IntN(bound)
	}
	return x
}

// indices32 are the same for sequences.
func indices32(port, bound int) []int32 {
	x := make([]int32, frames)
	for i, v := range indices(port, bound) {
		x[i] = int32(v)
	}
	return x
}

func encode(x []float32) string {
	var b []byte
	for _, v := range x {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return base64.StdEncoding.EncodeToString(b)
}
