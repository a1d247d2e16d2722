//go:build !race

package nn

// raceDetector tells that the race detector is on.
const raceDetector = false
