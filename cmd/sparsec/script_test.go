package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/cpu"

	"github.com/sparsec/sparsec/ir/ckpt"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"sparsec": main})
}

// TestScripts holds the contract of every verb: what it prints, what it
// writes, its exit code and its errors. Besides the usual commands scripts have
//
//	exits CODE COMMAND ARGS…   run a command that exits with the code
//	fixture NAME FILE          write the checkpoint of a fixture
//	corrupt FAULT IN OUT       write a checkpoint with a fault: truncated, header,
//	                           shape, missing or nan
//	vectors MODEL FILE         write golden vectors of a model, .npz
//	onnx NAME FILE             write an ONNX fixture
//	await FILE                 wait until there is a file
//	recordings DIR             write an index of recordings and their features
//	files DIR [NAME…]          DIR holds exactly these files
//
// and the condition avx2: the machine has that instruction set.
func TestScripts(t *testing.T) {
	cache, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: *update,
		Setup: func(e *testscript.Env) error {
			e.Setenv("GOCACHE", strings.TrimSpace(string(cache)))
			e.Setenv("GOFLAGS", "-mod=mod")
			return nil
		},
		Condition: func(name string) (bool, error) {
			if name == "avx2" {
				return cpu.X86.HasAVX2 && cpu.X86.HasFMA, nil
			}
			return false, fmt.Errorf("no condition %q", name)
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits":      exitsCommand,
			"fixture":    fixtureCommand,
			"corrupt":    corruptCommand,
			"files":      filesCommand,
			"await":      awaitCommand,
			"recordings": recordingsCommand,
			"vectors":    vectorsCommand,
			"onnx":       onnxCommand,
		},
	})
}

// wants ends a script whose command has the wrong number of arguments.
func wants(ts *testscript.TestScript, neg bool, args []string, least, most int, usage string) {
	if neg || len(args) < least || len(args) > most {
		ts.Fatalf("usage: %s", usage)
	}
}

func exitsCommand(ts *testscript.TestScript, neg bool, args []string) {
	wants(ts, neg, args, 2, 1<<20, "exits CODE COMMAND ARGS…")
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	switch err := ts.Exec(args[1], args[2:]...); {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	default:
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func fixtureCommand(ts *testscript.TestScript, neg bool, args []string) {
	wants(ts, neg, args, 2, 2, "fixture NAME FILE")
	f := findFixture(args[0])
	if f == nil {
		ts.Fatalf("no fixture %q", args[0])
	}
	data, err := f.encode()
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), data, 0o644))
}

func corruptCommand(ts *testscript.TestScript, neg bool, args []string) {
	wants(ts, neg, args, 3, 3, "corrupt FAULT IN OUT")
	data, err := os.ReadFile(ts.MkAbs(args[1]))
	ts.Check(err)
	broken, err := corrupt(args[0], data)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), broken, 0o644))
}

// corrupt is a checkpoint with a fault in it, in tensor "gru0.weight_hh" where
// the fault is in a tensor.
func corrupt(fault string, data []byte) ([]byte, error) {
	data = slices.Clone(data)
	switch fault {
	case "truncated":
		return data[:len(data)/2], nil
	case "header":
		binary.LittleEndian.PutUint64(data, 1<<60)
		return data, nil
	}
	tensors, meta, err := ckpt.DecodeTensors("fixture", bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(tensors, func(t ckpt.Tensor) bool { return t.Name == "gru0.weight_hh" })
	if i < 0 {
		return nil, errors.New("no tensor gru0.weight_hh")
	}
	switch t := &tensors[i]; fault {
	case "shape":
		t.Shape = []int{t.Shape[0], t.Shape[1] - 1}
		t.Data = t.Data[:4*t.Shape[0]*t.Shape[1]]
	case "missing":
		tensors = slices.Delete(tensors, i, i+1)
	case "nan":
		t.Data = slices.Clone(t.Data)
		binary.LittleEndian.PutUint32(t.Data[4*5:], 0x7fc00000)
	default:
		return nil, fmt.Errorf("no fault %q", fault)
	}
	var b bytes.Buffer
	err = ckpt.EncodeTensors(&b, tensors, meta)
	return b.Bytes(), err
}

func filesCommand(ts *testscript.TestScript, neg bool, args []string) {
	wants(ts, neg, args, 1, 1<<20, "files DIR [NAME…]")
	entries, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	want := slices.Sorted(slices.Values(args[1:]))
	if !slices.Equal(got, want) {
		ts.Fatalf("%s holds %q, want %q", args[0], got, want)
	}
}

func awaitCommand(ts *testscript.TestScript, neg bool, args []string) {
	wants(ts, neg, args, 1, 1, "await FILE")
	for range 3000 {
		if _, err := os.Stat(ts.MkAbs(args[0])); err == nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	ts.Fatalf("%s: not there after half a minute", args[0])
}
