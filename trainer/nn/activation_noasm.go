//go:build !amd64 || purego

package nn

// tanhFloat32 replaces every x by tanh(x), within 6 units in the last place.
func tanhFloat32(x []float32) { tanhPortable(x) }

// sigmoidFloat32 replaces every x by 1/(1+exp(−x)) with an absolute error below
// 2e-7.
func sigmoidFloat32(x []float32) { sigmoidPortable(x) }

// softmaxFloat32 is softmaxAll.
func softmaxFloat32(y, x []float32, best int, _ []float32) (sum float64) {
	return softmaxPortable(y, x, best)
}

// softmaxRoom is the length of a buffer for a softmax of n elements: none.
func softmaxRoom(int) int { return 0 }
