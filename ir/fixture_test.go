package ir

import (
	"strings"
	"testing"
)

// chargruText has every statement and most ops.
const chargruText = `model  "chargru"
input  x index[98]
input  "side channel" [8]
state  gru0.h [16] init=gru0.h0
state  lstm.h [5]
state  lstm.c [5]
state  rnn.h [4]
param  embed.weight [98 6]
param  gru0.weight_ih [48 14]
param  gru0.weight_hh [48 16]
param  gru0.bias_hh [48]
param  gru0.h0 [16]
param  lstm.weight_ih [20 16]
param  lstm.weight_hh [20 5]
param  rnn.weight_ih [4 5]
param  rnn.weight_hh [4 4]
param  head.weight [7 9]
param  head.bias [7]
node   embed = Embedding(x) weight=embed.weight
node   both = Concat(embed, "side channel")
node   gru0 = GRU(both) weight_ih=gru0.weight_ih weight_hh=gru0.weight_hh bias_hh=gru0.bias_hh h=gru0.h reset=before func=tanh
node   lstm = LSTM(gru0) weight_ih=lstm.weight_ih weight_hh=lstm.weight_hh h=lstm.h c=lstm.c
node   rnn = RNN(lstm) weight_ih=rnn.weight_ih weight_hh=rnn.weight_hh h=rnn.h func=clipped_relu clip=6.5 direction=reverse
node   joined = Concat(lstm, rnn)
node   head = Linear(joined) weight=head.weight bias=head.bias
node   half = Activation(head) func=sigmoid
node   gated = Binary(head, half) func=mul
node   p = Softmax(gated)
output p
output gru0
`

func parse(t testing.TB, text string) *Model {
	t.Helper()
	m, err := Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// chargru is the model of chargruText with numbers in every parameter.
func chargru(t testing.TB) *Model {
	t.Helper()
	m := parse(t, chargruText)
	for k, p := range m.Params {
		p.Data = make([]float32, p.Len())
		for i := range p.Data {
			p.Data[i] = float32((i*7+k)%5) - 2
		}
	}
	return m
}
