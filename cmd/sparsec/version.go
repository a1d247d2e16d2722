package main

import (
	"context"
	"flag"
	"fmt"
	"runtime"
	"runtime/debug"
)

var versionVerb = &verb{
	name:    "version",
	summary: "print the version, the Go release and the platform",
	detail:  "Prints the module's version as the Go tool recorded it, the Go release and the platform.",
	example: "sparsec version",
	define: func(*flag.FlagSet) action {
		return func(_ context.Context, e *env, args []string) error {
			if len(args) > 0 {
				return usagef("want no argument; got %d", len(args))
			}
			_, err := fmt.Fprintf(e.stdout, "sparsec %s %s %s/%s\n", moduleVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		}
	},
}

func moduleVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
