package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
)

// env is what a verb may touch of the world besides files.
type env struct {
	stdout, stderr io.Writer
}

// A verb is one subcommand. Its define function declares the flags and returns
// the function that does the work with what is left of the arguments.
type verb struct {
	name    string
	args    string // of the usage line: what follows the flags
	summary string // one line
	detail  string // what -h says below the usage line
	example string // a command that works
	define  func(fs *flag.FlagSet) action
	subs    []*verb // with a first argument of their own, as in bench kernels; names are of both words
}

// action does a verb's work.
type action func(ctx context.Context, e *env, args []string) error

// verbs in the order in which a newcomer meets them.
var verbs = []*verb{
	demoVerb,
	trainVerb,
	evalVerb,
	sweepVerb,
	importVerb,
	pruneVerb,
	finetuneVerb,
	exportScriptVerb,
	inspectVerb,
	compileVerb,
	verifyVerb,
	benchVerb,
	tuneVerb,
	versionVerb,
}

// usageError is a fault in how the command was called: exit code 2.
type usageError struct{ msg string }

func (e usageError) Error() string { return e.msg }

func usagef(format string, args ...any) error { return usageError{fmt.Sprintf(format, args...)} }

// run carries out one command line and returns the exit code.
func run(ctx context.Context, e *env, args []string) int {
	if len(args) == 0 {
		printHelp(e.stderr)
		return 2
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		if len(args) == 1 {
			printHelp(e.stdout)
			return 0
		}
		args = append(slices.Clone(args[1:]), "-h")
	}
	v := findVerb(args[0])
	if v == nil {
		fmt.Fprintf(e.stderr, "sparsec: no verb %q; the verbs are %s\n", args[0], verbNames())
		return 2
	}
	return v.run(ctx, e, args[1:])
}

func (v *verb) run(ctx context.Context, e *env, args []string) int {
	if sub := v.sub(args); sub != nil {
		return sub.run(ctx, e, args[1:])
	}
	fs := flag.NewFlagSet(v.name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	act := v.define(fs)
	rest, err := parseInterleaved(fs, args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		v.printUsage(e.stdout, fs)
		return 0
	case err != nil:
		fmt.Fprintf(e.stderr, "sparsec %s: %v\nTry: sparsec %s -h\n", v.name, err, v.name)
		return 2
	}
	err = act(ctx, e, rest)
	var usage usageError
	switch {
	case err == nil:
		return 0
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		fmt.Fprintf(e.stderr, "sparsec %s: interrupted\n", v.name)
		return 1
	case errors.As(err, &usage):
		fmt.Fprintf(e.stderr, "sparsec %s: %v\nTry: sparsec %s -h\n", v.name, err, v.name)
		return 2
	default:
		fmt.Fprintf(e.stderr, "sparsec %s: %v\n", v.name, err)
		return 1
	}
}

// sub is the verb that the first argument names, nil if it names none.
func (v *verb) sub(args []string) *verb {
	for _, s := range v.subs {
		if len(args) > 0 && s.name == v.name+" "+args[0] {
			return s
		}
	}
	return nil
}

// parseInterleaved parses flags before and after the arguments, so that
// `compile model.ckpt -o dir` works like `compile -o dir model.ckpt`.
func parseInterleaved(fs *flag.FlagSet, args []string) (rest []string, err error) {
	for {
		if err := fs.Parse(args); err != nil {
			return nil, err
		}
		args = fs.Args()
		if len(args) == 0 {
			return rest, nil
		}
		rest = append(rest, args[0])
		args = args[1:]
	}
}

func findVerb(name string) *verb {
	for _, v := range verbs {
		if v.name == name {
			return v
		}
	}
	return nil
}

func verbNames() string {
	names := make([]string, len(verbs))
	for i, v := range verbs {
		names[i] = v.name
	}
	return strings.Join(names, ", ")
}

func printHelp(w io.Writer) {
	fmt.Fprint(w, "sparsec trains sparse recurrent networks and compiles them to Go packages.\n\nUsage: sparsec VERB [flags] [arguments]\n\n")
	for _, v := range verbs {
		fmt.Fprintf(w, "  %-13s %s\n", v.name, v.summary)
	}
	fmt.Fprint(w, "\nStart with: sparsec demo -quick\nFlags of a verb: sparsec VERB -h\n")
}

func (v *verb) printUsage(w io.Writer, fs *flag.FlagSet) {
	usage := strings.TrimSpace(fmt.Sprintf("Usage: sparsec %s [flags] %s", v.name, v.args))
	fmt.Fprintf(w, "%s\n\n%s\n\nFlags:\n", usage, strings.TrimSpace(v.detail))
	fs.SetOutput(w)
	fs.PrintDefaults()
	for _, s := range v.subs {
		fmt.Fprintf(w, "\nAlso sparsec %s: %s (sparsec %s -h).\n", s.name, s.summary, s.name)
	}
	fmt.Fprintf(w, "\nExample:\n  %s\n", strings.ReplaceAll(v.example, "\n", "\n  "))
}

// one returns the single argument that a verb wants.
func one(args []string, what string) (string, error) {
	if len(args) != 1 {
		return "", usagef("want one argument, %s; got %d", what, len(args))
	}
	return args[0], nil
}
