package sparse

// chunkGroup is the queue of columns that have a weight, for each of 16 rows.
//
// Steps are scheduled greedily: the next chunk is the last one that reaches the
// leftmost column not yet taken in any row, and each row takes its leftmost
// weight if it lies inside. No schedule is shorter, by the exchange that
// [rowGroup] describes; chunks that overlap by half need a fifth fewer steps
// than chunks side by side. In a lane-balanced 16×32 pattern all rows of a group
// keep in step, so every lane of every step is full.
type chunkGroup struct {
	queues [ChunkRows][]int32
	taken  [ChunkRows]int // from the front of each queue
}

// idleStep is a step whose lanes find no weight.
func idleStep() (s chunkStep) {
	for lane := range s.columns {
		s.columns[lane] = -1
	}
	return s
}

// chunkStep is a step of a group: the columns that its lanes take, and the
// chunks that hold them all.
type chunkStep struct {
	columns   [ChunkRows]int32 // −1 for an idle lane
	low, high int              // the first and the last base that will do
}

// load fills the queues with the weights of 16 rows that lie in the columns of
// the span; rows past the end of the matrix are empty.
func (g *chunkGroup) load(m *Matrix, first int, columns Span) {
	g.taken = [ChunkRows]int{}
	for lane := range g.queues {
		q := g.queues[lane][:0]
		if first+lane < m.Rows {
			for c, w := range m.Row(first + lane)[columns.From:columns.To] {
				if w != 0 {
					q = append(q, int32(c))
				}
			}
		}
		g.queues[lane] = q
	}
}

// next is the next step, in columns counted from the span's first, for chunks
// that begin at last at the column given; false when every weight is taken.
func (g *chunkGroup) next(lastBase int) (chunkStep, bool) {
	var heads [ChunkRows]int32
	leftmost := g.heads(&heads)
	if leftmost == noColumn {
		return chunkStep{}, false
	}
	s := chunkStep{high: min(int(leftmost)&^(chunkStride-1), lastBase)}
	rightmost := leftmost
	for lane, c := range heads {
		if int(c) >= s.high+ChunkColumns {
			s.columns[lane] = -1
			continue
		}
		s.columns[lane] = c
		rightmost = max(rightmost, c)
		g.taken[lane]++
	}
	s.low = max(0, roundUp(int(rightmost)+1-ChunkColumns, chunkStride))
	return s, true
}

// noColumn is right of every column.
const noColumn = 1<<31 - 1

// heads fills in the leftmost column not yet taken of each row, and returns the
// least of them.
func (g *chunkGroup) heads(heads *[ChunkRows]int32) int32 {
	leftmost := int32(noColumn)
	for lane, q := range g.queues {
		heads[lane] = noColumn
		if at := g.taken[lane]; at < len(q) {
			heads[lane] = q[at]
			leftmost = min(leftmost, q[at])
		}
	}
	return leftmost
}

// schedule is all steps of the loaded rows.
func (g *chunkGroup) schedule(lastBase int) []chunkStep {
	var steps []chunkStep
	for {
		s, ok := g.next(lastBase)
		if !ok {
			return steps
		}
		steps = append(steps, s)
	}
}

// pairSteps divides steps into pairs that share a chunk, whose base is the
// earlier step's last one, and those left over. The chunks that will do for a
// step are an interval, and the intervals' ends ascend: pairing each step with
// the next free one that it meets gives the most pairs.
func pairSteps(steps []chunkStep) (pairs [][2]chunkStep, singles []chunkStep) {
	paired := make([]bool, len(steps))
	for i, s := range steps {
		if paired[i] {
			continue
		}
		partner := nextPartner(steps, paired, i)
		if partner < 0 {
			singles = append(singles, s)
			continue
		}
		paired[partner] = true
		pairs = append(pairs, [2]chunkStep{s, steps[partner]})
	}
	return pairs, singles
}

// nextPartner is the first free step behind step i that can share its chunk, −1
// when there is none. No step whose last base is farther than a stride can.
func nextPartner(steps []chunkStep, paired []bool, i int) int {
	for j := i + 1; j < len(steps) && steps[j].high <= steps[i].high+chunkStride; j++ {
		if !paired[j] && steps[j].low <= steps[i].high {
			return j
		}
	}
	return -1
}

// ChunkWork is what a chunk kernel does for a matrix.
type ChunkWork struct {
	Steps  int // that do something: straight-line code runs these
	Padded int // steps of the packed stream
	Places int // vectors of places
	Bases  int // chunks of src that the stream loads
	Blocks int // registers that straight-line code loads from src
	Groups int // of 16 rows, in each panel of columns
}

// ChunkSteps counts the work that packing m in chunks would make.
func ChunkSteps(m *Matrix) ChunkWork {
	var w ChunkWork
	var group chunkGroup
	for _, panel := range chunkPanels(m.Cols) {
		var held ChunkRegisters
		for first := 0; first < m.Rows; first += ChunkRows {
			group.load(m, first, panel)
			pairs, singles := pairSteps(group.schedule(lastChunk(panel, m.Cols)))
			w.Blocks += held.loads(pairs, singles)
			w.Groups++
			padded := 2*len(pairs) + roundUp(len(singles), 2)
			w.Steps += 2*len(pairs) + len(singles)
			w.Padded += padded
			w.Places += (padded + ChunkPlaces - 1) / ChunkPlaces
			w.Bases += len(pairs) + roundUp(len(singles), 2)
		}
	}
	return w
}

// ChunkResident is the number of registers that hold elements of src in
// straight-line code of chunks.
const ChunkResident = 23

// ChunkRegisters says which elements of src the registers of straight-line code
// hold: the number of the block of 16, from 1.
type ChunkRegisters [ChunkResident]int

// Take makes room for a block in the register with the number returned, and reports
// whether it has to be loaded.
func (r *ChunkRegisters) Take(block int) (register int, load bool) {
	register = block % ChunkResident
	load = r[register] != block+1
	r[register] = block + 1
	return register, load
}

// loads counts the blocks that the steps of a group load.
func (r *ChunkRegisters) loads(pairs [][2]chunkStep, singles []chunkStep) int {
	n := 0
	chunk := func(s chunkStep) {
		for half := range ChunkColumns / chunkStride {
			if _, load := r.Take(s.high/chunkStride + half); load {
				n++
			}
		}
	}
	for _, pair := range pairs {
		chunk(pair[0])
	}
	for _, s := range singles {
		chunk(s)
	}
	return n
}

// ChunkGroupSteps counts the steps of 16 rows, given for each the ascending
// columns that have a weight. It is what a search for a better order of rows
// evaluates; panels of columns and the end of the matrix are left aside.
func ChunkGroupSteps(columns *[ChunkRows][]int32) int {
	group := chunkGroup{queues: *columns}
	for steps := 0; ; steps++ {
		if _, ok := group.next(noColumn); !ok {
			return steps
		}
	}
}
