package decode

import (
	"cmp"
	"math"
	"slices"
)

// Beam is the setting of a prefix beam search. The zero value keeps 16 prefixes
// and has no cutoff.
type Beam struct {
	Width int // transcripts kept from frame to frame; 16
	// Cutoff leaves out classes of a frame whose probability is below it.
	Cutoff float64
	Blank  int32
}

// Search finds the most probable transcript, and the logarithm of its probability,
// by adding up the alignments of every prefix that it keeps (Hannun et al. 2014,
// without a language model). logits is [frame][width] and need not be normalised.
// Both are a lower bound of what a wider beam finds, and exact when no prefix was
// given up.
func (b Beam) Search(logits []float64, width int) (transcript []int32, logProbability float64) {
	s := search{Beam: b, kept: []hypothesis{{logBlank: 0, logClass: math.Inf(-1)}}, nodes: []node{{parent: -1, class: b.Blank}}, next: map[extension]int{}}
	if s.Width == 0 {
		s.Width = 16
	}
	logs := make([]float64, width)
	for ; len(logits) >= width; logits = logits[width:] {
		logSoftmax(logs, logits[:width])
		s.frame(logs)
	}
	best := s.kept[0]
	return s.transcript(best.node), best.total()
}

// search holds the prefixes as a tree, whose root is the empty one.
type search struct {
	Beam
	nodes []node
	next  map[extension]int // the node of a prefix and a class behind it
	kept  []hypothesis      // best first
}

type node struct {
	parent int
	class  int32
}

type extension struct {
	node  int
	class int32
}

// hypothesis is a prefix with the logarithms of the probabilities that its
// alignments so far end with a blank, and with its last class.
type hypothesis struct {
	node               int
	logBlank, logClass float64
}

func (h *hypothesis) total() float64 { return logAdd(h.logBlank, h.logClass) }

// frame extends all prefixes by one frame and keeps the best.
func (s *search) frame(logs []float64) {
	grown := make([]hypothesis, 0, len(s.kept)*len(logs))
	place := map[int]int{} // of a node in grown
	at := func(n int) *hypothesis {
		i, ok := place[n]
		if !ok {
			i = len(grown)
			place[n] = i
			grown = append(grown, hypothesis{n, math.Inf(-1), math.Inf(-1)})
		}
		return &grown[i]
	}
	least := math.Log(s.Cutoff)
	for _, h := range s.kept {
		total, last := h.total(), s.nodes[h.node].class
		for class, p := range logs {
			if p < least {
				continue
			}
			switch c := int32(class); {
			case c == s.Blank:
				g := at(h.node)
				g.logBlank = logAdd(g.logBlank, total+p)
			case c == last && h.node != 0: // a class goes on, or comes again behind a blank
				g := at(h.node)
				g.logClass = logAdd(g.logClass, h.logClass+p)
				g = at(s.child(h.node, c))
				g.logClass = logAdd(g.logClass, h.logBlank+p)
			default:
				g := at(s.child(h.node, c))
				g.logClass = logAdd(g.logClass, total+p)
			}
		}
	}
	slices.SortFunc(grown, func(a, b hypothesis) int {
		return cmp.Or(cmp.Compare(b.total(), a.total()), cmp.Compare(a.node, b.node))
	})
	s.kept = grown[:min(s.Width, len(grown))]
}

// child is the node of a prefix with one class more.
func (s *search) child(n int, class int32) int {
	e := extension{n, class}
	child, ok := s.next[e]
	if !ok {
		child = len(s.nodes)
		s.nodes = append(s.nodes, node{n, class})
		s.next[e] = child
	}
	return child
}

// transcript are the classes from the root to a node.
func (s *search) transcript(n int) []int32 {
	var classes []int32
	for ; n > 0; n = s.nodes[n].parent {
		classes = append(classes, s.nodes[n].class)
	}
	slices.Reverse(classes)
	return classes
}

// logSoftmax writes the logarithms of the softmax of logits.
func logSoftmax(logs, logits []float64) {
	most, sum := slices.Max(logits), 0.0
	for _, v := range logits {
		sum += math.Exp(v - most)
	}
	for i, v := range logits {
		logs[i] = v - most - math.Log(sum)
	}
}

// logAdd is log(exp(a) + exp(b)).
func logAdd(a, b float64) float64 {
	if a < b {
		a, b = b, a
	}
	if math.IsInf(b, -1) {
		return a
	}
	return a + math.Log1p(math.Exp(b-a))
}
