package main

import "time"

// detection says what counts as speech, as the utility that comes with Silero does.
type detection struct {
	threshold                  float64
	minSpeech, minSilence, pad time.Duration
}

// hysteresis is how far below the threshold a step must be to end speech.
const hysteresis = 0.15

// segment is a stretch of speech, in samples, and the mean probability of its steps.
type segment struct {
	from, to    int
	probability float64
}

// samplesIn is the number of samples in a time.
func samplesIn(d time.Duration) int { return int(d.Seconds() * sampleRate) }

// segments finds speech in the probabilities of steps of hop samples. It begins with
// a step at the threshold or above, and ends where steps below the threshold's
// hysteresis last for the least silence.
func (d *detection) segments(probabilities []float64, hop, total int) []segment {
	var list []segment
	from, silent := -1, -1 // where speech and the silence in it began; −1 for none
	end := func(to int) {
		if to-from > samplesIn(d.minSpeech) {
			list = append(list, segment{from, to, mean(probabilities[from/hop : (to+hop-1)/hop])})
		}
		from, silent = -1, -1
	}
	for i, p := range probabilities {
		at := i * hop
		switch {
		case p >= d.threshold:
			silent = -1
			if from < 0 {
				from = at
			}
		case from < 0 || p >= d.threshold-hysteresis:
		case silent < 0:
			silent = at
		}
		if silent >= 0 && at-silent >= samplesIn(d.minSilence) {
			end(silent)
		}
	}
	if from >= 0 {
		end(total)
	}
	return d.padded(list, total)
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// padded puts the pad around each segment; two that are nearer share what lies
// between them.
func (d *detection) padded(list []segment, total int) []segment {
	pad := samplesIn(d.pad)
	for i := range list {
		if i == 0 {
			list[i].from = max(0, list[i].from-pad)
		}
		if i == len(list)-1 {
			list[i].to = min(total, list[i].to+pad)
			break
		}
		between := list[i+1].from - list[i].to
		list[i].to += min(pad, between/2)
		list[i+1].from -= min(pad, between/2)
	}
	return list
}
