package decode

// Greedy is the transcript of the most probable alignment: the largest of each
// frame's classes, collapsed. logits is [frame][width], and need not be normalised.
func Greedy[T float32 | float64](logits []T, width int, blank int32) []int32 {
	var path []int32
	for ; len(logits) >= width; logits = logits[width:] {
		best := 0
		for class, v := range logits[:width] {
			if v > logits[best] {
				best = class
			}
		}
		path = append(path, int32(best))
	}
	return Collapse(path, blank)
}

// Collapse turns an alignment into its transcript, in the memory of path: of each
// run of the same class one is left, and then no blank.
func Collapse(path []int32, blank int32) []int32 {
	transcript := path[:0]
	last := blank
	for _, class := range path {
		if class != last && class != blank {
			transcript = append(transcript, class)
		}
		last = class
	}
	return transcript
}
