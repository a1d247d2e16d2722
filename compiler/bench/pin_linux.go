package bench

import (
	"math/bits"
	"syscall"
	"unsafe"
)

// affinity is a set of processors as the kernel takes it.
type affinity [1024 / 64]uint64

// pin binds the calling thread to the last processor that it may run on, which
// interrupts visit least, and returns its number, −1 if that failed.
func pin() int {
	var set affinity
	if _, _, errno := syscall.RawSyscall(syscall.SYS_SCHED_GETAFFINITY, 0, unsafe.Sizeof(set), uintptr(unsafe.Pointer(&set))); errno != 0 {
		return -1
	}
	for i := len(set) - 1; i >= 0; i-- {
		if set[i] == 0 {
			continue
		}
		bit := bits.Len64(set[i]) - 1
		set = affinity{}
		set[i] = 1 << bit
		if _, _, errno := syscall.RawSyscall(syscall.SYS_SCHED_SETAFFINITY, 0, unsafe.Sizeof(set), uintptr(unsafe.Pointer(&set))); errno != 0 {
			return -1
		}
		return i*64 + bit
	}
	return -1
}
