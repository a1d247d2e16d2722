// Package data turns files into batches: text as contiguous streams for
// truncated backpropagation through time ([Text]), labelled and tagged sequences
// ([Sequences]), recordings with their transcripts ([ReadSpeech]), images
// ([ReadImages]), and series of numbers for forecasting and frame regression
// ([Frames]).
//
// Every [Source] is deterministic: its batches are a function of its data, its
// settings and its [Position], which can be saved and sought. Readers take an
// io.Reader and the name that errors carry.
package data
