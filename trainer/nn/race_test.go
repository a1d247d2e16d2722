//go:build race

package nn

// raceDetector tells that the race detector is on, whose builds move values to the
// heap that stay on the stack else.
const raceDetector = true
