package sparse

// addElements makes each weight a unit.
func (u *Units) addElements(m *Matrix) {
	u.magnitudes = make([]float32, 0, u.Weights())
	for _, s := range u.spans {
		for r := s.From; r < s.To; r++ {
			for _, w := range m.Row(r) {
				u.magnitudes = append(u.magnitudes, magnitude(w))
			}
		}
	}
	u.worths = u.magnitudes
}
