package codegen

import (
	"embed"

	"golang.org/x/tools/txtar"
)

// hugePagesFrom is the size of weights.bin from which a package copies it to huge
// pages at its start. A Zen 4 remembers the places of 3,072 pages of 4 KiB, 12 MiB;
// from about a third of that on a step gains. With weights of 7680×2560 floats, iid
// (`sparsec bench kernels`), µs a step without and with huge pages: 90 % sparse 380 and
// 266, 95 % 165 and 148; for AVX-512 80 % 556 and 440; 3072×3072 80 % 206 and 164.
const hugePagesFrom = 4 << 20

//go:embed _hugepages/*.go
var hugePagesSource embed.FS

// large reports whether the package copies its weights to huge pages.
func (e *emitter) large() bool { return len(e.image) >= hugePagesFrom }

// hugePagesFiles hold inHugePages, where the package needs it.
func (e *emitter) hugePagesFiles() ([]txtar.File, error) {
	if !e.large() {
		return nil, nil
	}
	return e.copied(hugePagesSource, "_hugepages")
}
