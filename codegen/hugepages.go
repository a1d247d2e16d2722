package codegen

import (
	"embed"

	"golang.org/x/tools/txtar"
)

// hugePagesFrom is the size of weights.bin from which a package copies it to huge
// pages at its start. A Zen 4 remembers the places of 3,072 pages of 4 KiB, 12 MiB;
// from about a third of that on a step gains much. With weights of 7680×2560 floats, iid
// (`sparsec bench kernels`), µs a step without and with huge pages: 90 % sparse 380 and
// 266, 95 % 165 and 148; for AVX-512 80 % 556 and 440; 3072×3072 80 % 206 and 164.
// From 1 MB on it gains a little: pages of any place leave some sets of the second level
// crowded and others idle. 1760×1760 90 %, 1.25 to 1.8 MB: lane 8×8 15.6 and 15.3,
// AVX-512 lane 16×32 14.08 and 13.83, iid 22.5 and 22.1; smaller ones as without.
const hugePagesFrom = 1 << 20

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
