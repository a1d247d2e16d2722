// Command sparsec trains recurrent networks whose weights become sparse while
// they train, and compiles them to standalone Go packages.
//
// Run `sparsec help` for the verbs and `sparsec VERB -h` for the flags of one.
// It exits with 0 when done, 1 when the work failed, 2 when it was used wrongly.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	code := run(ctx, &env{stdout: os.Stdout, stderr: os.Stderr}, os.Args[1:])
	stop()
	os.Exit(code)
}
