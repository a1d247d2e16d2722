package kernel

// Seen is an exposed state as users see it, from its elements as they lie in the
// buffer.
func (s *State) Seen(h []float64) []float64 {
	if s.Units == nil {
		return h
	}
	seen := make([]float64, len(h))
	for i, u := range s.Units {
		seen[u] = h[i]
	}
	return seen
}

// units checks that users see every element of a state once.
func (v *verifier) units(s State) {
	if s.Units == nil {
		return
	}
	if len(s.Units) != s.Size || !s.Exposed {
		v.fault("state %q: places for %d elements, want %d of an exposed state", s.Name, len(s.Units), s.Size)
		return
	}
	seen := make([]bool, s.Size)
	for _, u := range s.Units {
		if u < 0 || u >= s.Size || seen[u] {
			v.fault("state %q: place %d is taken or none of %d", s.Name, u, s.Size)
			return
		}
		seen[u] = true
	}
}
