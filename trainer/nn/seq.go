package nn

// Seq is a sequence of frames for several streams at once. A frame is either a
// vector of Width elements in Data, laid out [step][stream][element], or one
// index in Index, laid out [step][stream].
type Seq[T Float] struct {
	Steps, Streams, Width int
	Data                  []T     // len Steps·Streams·Width, or nil
	Index                 []int32 // len Steps·Streams, or nil

	// Lengths holds the number of steps of every stream; the frames behind are
	// padding. Nil means that every stream has Steps of them.
	Lengths []int32
}

// frames is the number of frames, padding included.
func (s *Seq[T]) frames() int { return s.Steps * s.Streams }

// length is the number of steps of a stream without padding.
func (s *Seq[T]) length(stream int) int {
	if s.Lengths == nil {
		return s.Steps
	}
	return int(s.Lengths[stream])
}

// eachFrame calls f with the place of every frame in Data, without padding.
func (s *Seq[T]) eachFrame(f func(at int)) {
	for i := range s.frames() {
		if i/s.Streams < s.length(i%s.Streams) {
			f(i * s.Width)
		}
	}
}

// shape gives s the shape of a Seq of vectors, keeping memory where it suffices.
func (s *Seq[T]) shape(steps, streams, width int, lengths []int32) {
	s.Steps, s.Streams, s.Width, s.Lengths = steps, streams, width, lengths
	s.Data = resized(s.Data, steps*streams*width)
}

// takeStreams makes s a copy of the streams [from, to) of src.
func (s *Seq[T]) takeStreams(src *Seq[T], from, to int) {
	n := to - from
	s.Steps, s.Streams, s.Width = src.Steps, n, src.Width
	s.Data, s.Index, s.Lengths = s.Data[:0], s.Index[:0], nil
	if src.Lengths != nil {
		s.Lengths = src.Lengths[from:to]
	}
	if src.Index != nil {
		s.Index = resized(s.Index, src.Steps*n)
		for t := range src.Steps {
			copy(s.Index[t*n:(t+1)*n], src.Index[t*src.Streams+from:])
		}
		return
	}
	w := src.Width
	s.Data = resized(s.Data, src.Steps*n*w)
	for t := range src.Steps {
		copy(s.Data[t*n*w:(t+1)*n*w], src.Data[(t*src.Streams+from)*w:])
	}
}
