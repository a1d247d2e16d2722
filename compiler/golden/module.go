package golden

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/tools/txtar"

	"github.com/sparsec/sparsec/codegen"
	"github.com/sparsec/sparsec/compiler/scratch"
	"github.com/sparsec/sparsec/ir/kernel"
)

// Module is a temporary module with compiled packages and one program that runs
// any of them: many packages are built at once.
type Module struct {
	m        *scratch.Module
	packages []compiled
	program  string // path of the built program
}

// compiled is a package in the module.
type compiled struct {
	Name    string // of its folder, and of the package to the program
	Program *kernel.Program
	States  []codegen.Accessor
}

// modulePath is that of the module; nothing of that name exists.
const modulePath = "golden.invalid"

// NewModule makes an empty module. Close removes it.
func NewModule() (*Module, error) {
	m, err := scratch.New(modulePath)
	if err != nil {
		return nil, err
	}
	return &Module{m: m}, nil
}

// Close removes the module.
func (m *Module) Close() error { return m.m.Close() }

// Add puts a package into the module, under a name that is an identifier, and
// returns errors of its files.
func (m *Module) Add(name string, files []txtar.File, p *kernel.Program) error {
	switches, err := codegen.KernelSwitch(files)
	if err != nil {
		return err
	}
	c := compiled{Name: name, Program: p, States: codegen.Accessors(p)}
	var driver bytes.Buffer
	if err := driverTemplate.Execute(&driver, &c); err != nil {
		return err
	}
	m.packages = append(m.packages, c)
	return errors.Join(
		m.m.Add(name, append(withoutTests(files), switches...)),
		m.m.Add("", []txtar.File{{Name: "run_" + name + ".go", Data: driver.Bytes()}}))
}

// withoutTests are the files that a build reads.
func withoutTests(files []txtar.File) []txtar.File {
	return slices.DeleteFunc(slices.Clone(files), func(f txtar.File) bool {
		return strings.HasSuffix(f.Name, "_test.go")
	})
}

// Build builds the program, with build tags if there are any.
func (m *Module) Build(ctx context.Context, tags ...string) (err error) {
	if err := m.m.Add("", []txtar.File{{Name: "main.go", Data: []byte(mainText)}}); err != nil {
		return err
	}
	var flags []string
	for _, t := range tags {
		flags = append(flags, "-tags", t)
	}
	m.program, err = m.m.Build(ctx, flags...)
	return err
}

// ErrNoKernel says that this machine or the package has no kernels of that name.
var ErrNoKernel = errors.New("neither this machine nor the package has these kernels")

// Run runs a package on a sequence with the kernels of that name.
func (m *Module) Run(ctx context.Context, name, kernels string, s *Sequence) (*Run, error) {
	at := slices.IndexFunc(m.packages, func(c compiled) bool { return c.Name == name })
	if at < 0 {
		return nil, fmt.Errorf("no package %q was added", name)
	}
	c := &m.packages[at]
	input, err := c.encode(s)
	if err != nil {
		return nil, err
	}
	output, err := m.m.Run(ctx, bytes.NewReader(input), m.program, name, kernels)
	if err != nil {
		return nil, err
	}
	if len(output) == 0 {
		return nil, fmt.Errorf("%s: %w", kernels, ErrNoKernel)
	}
	r, err := c.decode(output, s)
	if err != nil {
		return nil, err
	}
	r.Backend = kernels
	return r, nil
}
