// Package bench times compiled packages side by side.
//
// Timings of two runs are not comparable: clocks move, caches are shared, other
// processes come and go. So all subjects go into one program, pinned to one
// processor, and take turns in short slices, round after round; each figure is
// a median over the rounds, and a ratio is the median of the ratios within a
// round. A fixed loop timed in every round tells how far the clock drifted.
//
// The subjects step through random frames, different ones from step to step,
// or through the same whole sequence again where a package takes no other, and
// their states evolve, so that nothing decays to denormal numbers and no
// branch is learnt. Functions of the calling process can take turns with the
// program as [Local] subjects.
package bench
