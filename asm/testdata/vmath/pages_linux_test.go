package rt

import (
	"os"
	"syscall"
)

// reserve is memory of whole pages, at least so many bytes, between two pages
// that cannot be touched. It is never given back.
func reserve(bytes int) []byte {
	page := os.Getpagesize()
	size := (bytes + page - 1) / page * page
	all, err := syscall.Mmap(-1, 0, size+2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		panic(err)
	}
	for _, guard := range [][]byte{all[:page], all[page+size:]} {
		if err := syscall.Mprotect(guard, syscall.PROT_NONE); err != nil {
			panic(err)
		}
	}
	return all[page:][:size:size]
}
