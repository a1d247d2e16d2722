package kernel

// Pick makes Dst of elements of Src: exactly the elements of its moves, one after
// the other. Offsets need not be multiples of Lanes.
type Pick struct {
	Dst, Src Ref
	Moves    []Move
}

// Move is Times runs of Count elements next to each other in the destination: those
// from From on, Step apart, and from run to run Jump further. From −1 is zeros.
type Move struct{ From, Count, Step, Times, Jump int }

// Len is the number of elements that the move writes.
func (m Move) Len() int { return m.Count * m.Times }

// Zeros reports whether the move writes nothing but zeros.
func (m Move) Zeros() bool { return m.From < 0 }

// Contiguous reports whether the elements lie next to each other in the source.
func (m Move) Contiguous() bool { return m.Times == 1 && (m.Step == 1 || m.Count == 1) }

// Reach is the lowest element that the move reads, and one more than the highest.
func (m Move) Reach() (from, to int) {
	across, along := (m.Count-1)*m.Step, (m.Times-1)*m.Jump
	return m.From + min(0, across) + min(0, along), m.From + max(0, across) + max(0, along) + 1
}

// Size is the number of elements of the destination.
func (p Pick) Size() int {
	n := 0
	for _, m := range p.Moves {
		n += m.Len()
	}
	return n
}

// Reach is one more than the highest element that the moves read; 0 for none.
func (p Pick) Reach() int {
	reach := 0
	for _, m := range p.Moves {
		if !m.Zeros() {
			_, to := m.Reach()
			reach = max(reach, to)
		}
	}
	return reach
}

// Elements are those of the source, −1 for a zero.
func (p Pick) Elements() []int {
	var all []int
	for _, m := range p.Moves {
		for t := range m.Times {
			for i := range m.Count {
				if m.Zeros() {
					all = append(all, -1)
				} else {
					all = append(all, m.From+t*m.Jump+i*m.Step)
				}
			}
		}
	}
	return all
}

// Moves are the moves of a list of elements, −1 for a zero: as many neighbours as
// there are in a run, then as many equal runs as there are in a move.
func Moves(elements []int) []Move {
	var moves []Move
	for i := 0; i < len(elements); {
		m := run(elements[i:])
		if last := len(moves) - 1; last >= 0 && moves[last].extend(m) {
			moves[last].Times++
		} else {
			moves = append(moves, m)
		}
		i += m.Count
	}
	return moves
}

// run is the longest run that a list begins with.
func run(elements []int) Move {
	m := Move{From: elements[0], Count: 1, Step: 1, Times: 1}
	if m.Zeros() {
		for m.Count < len(elements) && elements[m.Count] < 0 {
			m.Count++
		}
		return m
	}
	if len(elements) > 1 && elements[1] >= 0 {
		m.Step = elements[1] - m.From
	}
	for m.Count < len(elements) && elements[m.Count] >= 0 && elements[m.Count] == m.From+m.Count*m.Step {
		m.Count++
	}
	if m.Count == 1 {
		m.Step = 1
	}
	return m
}

// extend reports whether a run is the next of the move, and sets the move's Jump
// where it is the second.
func (m *Move) extend(next Move) bool {
	if m.Zeros() || next.Zeros() || m.Count != next.Count || m.Step != next.Step {
		return false
	}
	jump := next.From - m.From - (m.Times-1)*m.Jump
	if m.Times == 1 {
		m.Jump = jump
	}
	return jump == m.Jump
}
