//go:build amd64 && !purego

package gemm

// grid cuts C in rows × cols tasks. K is never cut: each element of C is summed
// by one worker, in one order, so that the number of workers changes no bit.
type grid struct {
	m, n       int
	rows, cols int
	tm, tn     int // size of a task, multiples of the micro-kernel's tile
}

// region is a part of C: rows m0 to m1, columns n0 to n1.
type region struct{ m0, m1, n0, n1 int }

func (g grid) tasks() int { return g.rows * g.cols }

func (g grid) task(i int) region {
	m0, n0 := i/g.cols*g.tm, i%g.cols*g.tn
	return region{m0, min(m0+g.tm, g.m), n0, min(n0+g.tn, g.n)}
}

const (
	// serialWork is the number of multiply-adds below which waking another
	// goroutine costs more than it brings.
	serialWork = 1 << 18
	// spareWork is the number above which each worker gets two tasks, so that
	// one that shares its core with another process leaves some to the others.
	spareWork = 1 << 25
)

// Costs for choosing the grid, in multiply-adds: what packing one element takes.
const (
	packCostA = 2
	packCostB = 6
)

// partition chooses the grid whose slowest worker has the least to do. Each
// task packs the A and the B it needs, so that tall tasks pack B seldom and
// wide ones A.
func partition(m, n, k int, u microKernel, workers int) grid {
	work := m * n * k
	tasks := workers
	switch {
	case work < serialWork:
		tasks = 1
	case work > spareWork && workers > 1:
		tasks = 2 * workers
	}
	best, least := grid{}, 0
	for rows := 1; rows <= tasks; rows++ {
		g := cut(m, n, rows, ceilDiv(tasks, rows), u)
		rounds := ceilDiv(g.tasks(), min(workers, tasks))
		cost := rounds * k * (g.tm*g.tn + packCostA*g.tm + packCostB*g.tn)
		if rows == 1 || cost < least {
			best, least = g, cost
		}
	}
	return best
}

func cut(m, n, rows, cols int, u microKernel) grid {
	g := grid{m: m, n: n}
	g.tm = ceilDiv(ceilDiv(m, u.mr), rows) * u.mr
	g.tn = ceilDiv(ceilDiv(n, u.nr), cols) * u.nr
	g.rows, g.cols = ceilDiv(m, g.tm), ceilDiv(n, g.tn)
	return g
}

func ceilDiv(x, y int) int { return (x + y - 1) / y }
