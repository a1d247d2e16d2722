package data

import (
	"math/rand/v2"
	"slices"
)

// SplitSpeech divides utterances into the parts that they name. Where none is for
// validation, speakers are held out from training until they have a share of valid
// of it: nobody is in both. Of utterances that name no part at all, a test part of
// what train and valid leave is held out before that, in the same way. Where no
// speakers are named every utterance has its own. The choice depends on the names
// alone, so that all runs share it.
func SplitSpeech(utterances []Utterance, s Split) (train, valid, test []Utterance) {
	for _, u := range utterances {
		switch u.Split {
		case "valid":
			valid = append(valid, u)
		case "test":
			test = append(test, u)
		default:
			train = append(train, u)
		}
	}
	whole := float64(len(train))
	if len(train) == len(utterances) && s.Train+s.Valid < 1 {
		train, test = holdOut(train, (1-s.Train-s.Valid)*whole)
	}
	if len(valid) == 0 {
		train, valid = holdOut(train, s.Valid*whole)
	}
	return train, valid, test
}

// holdOut takes speakers away until they have at least n utterances; one speaker
// is left.
func holdOut(utterances []Utterance, n float64) (left, held []Utterance) {
	speaker := func(u Utterance) string {
		if u.Speaker == "" {
			return "\x00" + u.Name
		}
		return u.Speaker
	}
	counts := map[string]int{}
	for _, u := range utterances {
		counts[speaker(u)]++
	}
	names := make([]string, 0, len(counts))
	for name := range counts {
		names = append(names, name)
	}
	slices.Sort(names)
	r := rand.New(rand.NewPCG(0, 0))
	r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	out := map[string]bool{}
	sum := 0
	for _, name := range names {
		if float64(sum) >= n-1e-9 || len(out) == len(names)-1 {
			break
		}
		out[name] = true
		sum += counts[name]
	}
	for _, u := range utterances {
		if out[speaker(u)] {
			held = append(held, u)
		} else {
			left = append(left, u)
		}
	}
	return left, held
}
