package data

// Stack joins each n frames, one after the other, to one of n times the width: a
// network then has as many times fewer steps. Frames that are left at the end are
// dropped.
func (s *Series) Stack(n int) *Series {
	if n <= 1 {
		return s
	}
	w := n * s.Width
	return &Series{Width: w, Values: s.Values[:len(s.Values)/w*w]}
}
