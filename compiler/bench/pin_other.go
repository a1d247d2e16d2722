//go:build !linux

package bench

// pin would bind the calling thread to a processor; here that cannot be done.
func pin() int { return -1 }
