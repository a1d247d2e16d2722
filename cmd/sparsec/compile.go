package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"go/token"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"

	"github.com/sparsec/sparsec/compiler"
	"github.com/sparsec/sparsec/ir"
)

var compileVerb = &verb{
	name:    "compile",
	args:    modelArgs,
	summary: "compile a model to a Go package",
	detail: `Writes a Go package with the model's weights and their sparsity pattern in it: Go
source, AVX2 and AVX-512 assembly, its own tests and a benchmark. It imports the
standard library only. All files are written or none; a file that sparsec did not write is
never replaced. The table says which kernel each matrix got and why.

A model that reads later frames, such as a bidirectional one, becomes a package
that takes whole sequences: it has Run and no Step, and neither -batch nor -workers.

` + modelFiles + `

The same model and flags give the same bytes on every machine; -check exits
with 1 and prints a diff when the folder holds anything else.`,
	example: `sparsec compile model.ckpt -o ./m -pkg m
cd m && go test . && go test -bench .`,
	define: func(fs *flag.FlagSet) action {
		var c compileRun
		fs.StringVar(&c.out, "o", "", "`folder` of the package (default ./PKG)")
		fs.StringVar(&c.pkg, "pkg", "", "`name` of the package (default: that of the folder, or else of the model)")
		fs.BoolVar(&c.check, "check", false, "write nothing; exit with 1 and a diff if the folder is stale")
		fs.StringVar(&c.emit, "emit", "", "write nothing; print what `phase` makes: ir (the graph behind the passes), plan (JSON) or kernel (the kernel program)")
		fs.BoolVar(&c.generate, "generate", false, "put a go:generate line in the package that compiles it again")
		fs.IntVar(&c.frames, "frames", 16, "reference `steps` in the package's own test, 0 for none")
		fs.IntVar(&c.workers, "workers", 0, "also make a type Workers that shares the large products of a step over up to this `number` of goroutines, 2 or more; 0 for none")
		c.compile.define(fs)
		return c.run
	},
}

type compileRun struct {
	out, pkg, emit  string
	check, generate bool
	frames, workers int
	compile         compileFlags
}

func (c *compileRun) run(ctx context.Context, e *env, args []string) error {
	path, err := one(args, "a model")
	if err != nil {
		return err
	}
	if err := c.complete(path); err != nil {
		return err
	}
	from, err := e.model(path, c.compile.from)
	if err != nil {
		return err
	}
	o, err := c.options(from)
	if err != nil {
		return err
	}
	if c.emit != "" {
		return c.print(ctx, e.stdout, from, o)
	}
	p, err := c.compile.full(ctx, from, o)
	if err != nil {
		return err
	}
	if c.check {
		return c.compare(e.stdout, p)
	}
	if err := compiler.Write(ctx, c.out, p.Files); err != nil {
		return err
	}
	printPlan(e.stdout, p.Plan)
	total := 0
	for _, f := range p.Files {
		total += len(f.Data)
	}
	_, err = fmt.Fprintf(e.stdout, "package %s in %s: %d files, %s\n", c.pkg, c.out, len(p.Files), size(total))
	return err
}

// complete checks the flags and fills in what follows from others.
func (c *compileRun) complete(path string) error {
	switch c.emit {
	case "", "ir", "plan", "kernel":
	default:
		return usagef("-emit %q: want ir, plan or kernel", c.emit)
	}
	if c.emit != "" && c.check {
		return usagef("want one of -emit and -check")
	}
	if c.workers < 0 || c.workers == 1 {
		return usagef("-workers %d: want at least 2, or 0 for none", c.workers)
	}
	if c.frames < 0 {
		return usagef("-frames %d: want at least 0", c.frames)
	}
	if c.pkg == "" {
		from := path
		if c.out != "" {
			abs, err := filepath.Abs(c.out)
			if err != nil {
				return err
			}
			from = abs
		}
		if c.pkg = packageName(from); c.pkg == "" {
			return usagef("%s gives no package name: name one with -pkg", filepath.Base(from))
		}
	}
	if !token.IsIdentifier(c.pkg) {
		return usagef("-pkg %q: want the name of a Go package", c.pkg)
	}
	if c.out == "" {
		c.out = "." + string(filepath.Separator) + c.pkg
	}
	if info, err := os.Stat(c.out); c.emit == "" && err == nil && !info.IsDir() {
		return fmt.Errorf("-o %s: is no folder, want one for the package", c.out)
	}
	return nil
}

// packageName makes one of the last element of a path, empty when it cannot.
func packageName(path string) string {
	base := filepath.Base(path)
	base = strings.TrimSuffix(base, filepath.Ext(base))
	name := strings.Map(func(r rune) rune {
		if r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return unicode.ToLower(r)
		}
		return -1
	}, base)
	if !token.IsIdentifier(name) || name == "main" {
		return ""
	}
	return name
}

func (c *compileRun) options(from *checkpoint) (compiler.Options, error) {
	o, err := c.compile.options(from)
	if err != nil {
		return o, err
	}
	o.Package = c.pkg
	switch c.frames {
	case 16:
	case 0:
		o.Frames = -1
		o.Settings = append(o.Settings, "-frames=0")
	default:
		o.Frames = c.frames
		o.Settings = append(o.Settings, fmt.Sprintf("-frames=%d", c.frames))
	}
	if o.Workers = c.workers; c.workers > 0 {
		o.Settings = append(o.Settings, fmt.Sprintf("-workers=%d", c.workers))
	}
	if c.generate {
		o.Command, err = c.command(from.path, o.Settings)
	}
	return o, err
}

// command is the line that compiles the package again from within its folder.
func (c *compileRun) command(path string, settings []string) (string, error) {
	model, err := relative(c.out, path)
	if err != nil {
		return "", err
	}
	words := []string{"go", "run", "github.com/sparsec/sparsec/cmd/sparsec", "compile", "-generate", "-o", ".", "-pkg", c.pkg}
	words = append(words, settings...)
	if c.compile.planPath != "" {
		plan, err := relative(c.out, c.compile.planPath)
		if err != nil {
			return "", err
		}
		words = append(words, "-plan", plan)
	}
	if c.compile.from.description != "" {
		description, err := relative(c.out, c.compile.from.description)
		if err != nil {
			return "", err
		}
		words = append(words, "-model", description)
	}
	words = append(words, model)
	for i, w := range words {
		words[i] = generateWord(w)
	}
	return strings.Join(words, " "), nil
}

// relative is the path of a file as seen from a folder, with slashes.
func relative(folder, path string) (string, error) {
	from, err := filepath.Abs(folder)
	if err != nil {
		return "", err
	}
	to, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	rel, err := filepath.Rel(from, to)
	if err != nil {
		return "", fmt.Errorf("-generate: %w", err)
	}
	return filepath.ToSlash(rel), nil
}

// generateWord quotes a word as go generate reads it.
func generateWord(w string) string {
	w = strings.ReplaceAll(w, "$", "${DOLLAR}")
	if strings.ContainsAny(w, " \t\"") {
		return strconv.Quote(w)
	}
	return w
}

// print prints the outcome of a phase.
func (c *compileRun) print(ctx context.Context, w io.Writer, from *checkpoint, o compiler.Options) error {
	p, err := c.compile.lower(ctx, from, o)
	if err != nil {
		return err
	}
	switch c.emit {
	case "ir":
		if err := p.Passes.Print(w); err != nil {
			return err
		}
		return ir.PrintTypes(w, p.Model)
	case "plan":
		text, err := p.Plan.Encode()
		if err != nil {
			return err
		}
		_, err = w.Write(text)
		return err
	default:
		_, err := io.WriteString(w, p.Program.String())
		return err
	}
}

// compare prints what a compilation would change, and fails if that is anything.
func (c *compileRun) compare(w io.Writer, p *compiler.Package) error {
	diff, err := compiler.Check(c.out, p.Files)
	if err != nil {
		return err
	}
	if len(diff) == 0 {
		_, err := fmt.Fprintf(w, "package %s in %s is up to date\n", c.pkg, c.out)
		return err
	}
	if _, err := w.Write(diff); err != nil {
		return err
	}
	return errors.New(c.out + ": stale; compile again without -check")
}
