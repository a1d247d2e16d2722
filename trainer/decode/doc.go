// Package decode reads transcripts from what a network trained with CTC says of
// every frame, and counts how far they are from what was spoken.
//
// Such a network gives every frame a probability of each class and of the blank,
// which stands for no class. A sequence of classes, one a frame, is an alignment
// of the transcript that [Collapse] makes of it (Graves et al. 2006). [Greedy]
// reads the most probable alignment, [Beam] looks for the most probable transcript,
// which many alignments share.
package decode
