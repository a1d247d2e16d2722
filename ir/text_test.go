package ir

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

func print(t testing.TB, m *Model) string {
	t.Helper()
	var b bytes.Buffer
	if err := Print(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestPrintParse(t *testing.T) {
	m := parse(t, chargruText)
	if got := print(t, m); got != chargruText {
		t.Errorf("got\n%s\nwant\n%s", got, chargruText)
	}
	if rnn := m.Node("rnn").Op; rnn != (RNN{WeightIH: "rnn.weight_ih", WeightHH: "rnn.weight_hh", H: "rnn.h",
		Func: ClippedReLU, Clip: 6.5, Direction: Reverse}) {
		t.Errorf("rnn is %+v", rnn)
	}
	if gru := m.Node("gru0").Op.(GRU); gru.Reset != ResetBefore || gru.BiasIH != "" || gru.BiasHH != "gru0.bias_hh" {
		t.Errorf("gru0 is %+v", gru)
	}
	if s := m.State("gru0.h"); s.Init != "gru0.h0" || s.Size != 16 {
		t.Errorf("state is %+v", s)
	}
}

// TestPrintParseTensors carries tensors of every kind.
func TestPrintParseTensors(t *testing.T) {
	text := "model  \"m\"\ninput  x [3]\noutput x\n" +
		"tensor input X [1 3] time=0 (value=x)\ntensor input \"h 0\" [1 2] (state=h.0, state=h.1)\n" +
		"tensor input lens [1] (length=mask)\ntensor output Y [] (first=y)\n"
	m := parse(t, text)
	if got := print(t, m); got != text {
		t.Errorf("got\n%s\nwant\n%s", got, text)
	}
	if got := m.Tensors[1]; !reflect.DeepEqual(got, Tensor{Name: "h 0", Shape: []int{1, 2}, Time: -1,
		Parts: []Part{{StatePart, "h.0"}, {StatePart, "h.1"}}}) {
		t.Errorf("tensor is %+v", got)
	}
}

// TestPrintParseNames carries names that need quotes.
func TestPrintParseNames(t *testing.T) {
	for _, name := range []string{"a", "9", "_x", "model", "índice", "a b", "a#b", `a"b\`, "a=b", "-1", ".x", "x.-/:1", "[3]", "a\nb", "\u2028", "日本"} {
		m := &Model{
			Name:    name,
			Inputs:  []Input{{name, IndexOf(3)}},
			Params:  []*Param{{Name: name, Shape: []int{3, 2}}},
			Nodes:   []Node{{name + "'", Embedding{Weight: name}, []string{name}}},
			Outputs: []string{name + "'"},
		}
		got := parse(t, print(t, m))
		if !reflect.DeepEqual(got, m) {
			t.Errorf("name %q: got %+v", name, got)
		}
	}
}

// TestPrintParseRandomOps carries random values of all fields of all ops, so
// that no field of a new op is forgotten.
func TestPrintParseRandomOps(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		m := &Model{Name: "random"}
		for i, zero := range opKinds {
			m.Nodes = append(m.Nodes, Node{fmtName(i), randomOp(rng, zero), []string{"x", "y"}[:rng.IntN(2)+1]})
		}
		text := print(t, m)
		if got := parse(t, text); !reflect.DeepEqual(got, m) {
			t.Fatalf("differs after\n%s\ngot\n%s", text, print(t, got))
		}
	}
}

func fmtName(i int) string { return string(rune('a' + i)) }

func randomOp(rng *rand.Rand, zero Op) Op {
	v := reflect.New(reflect.TypeOf(zero)).Elem()
	for _, f := range fieldsOf(v) {
		switch e := f.value.Interface().(type) {
		case string:
			if !f.Optional || rng.IntN(2) == 0 {
				f.value.SetString([]string{"w", "gru0.weight", "a b"}[rng.IntN(3)])
			}
		case Spans, FuncSpec:
			f.value.SetString([]string{"0:3/-1:2/7:2:-1", "hard_sigmoid:0.2:0.5", "a b"}[rng.IntN(3)])
		case int:
			f.value.SetInt(int64(rng.IntN(5) - 1))
		case bool:
			f.value.SetBool(rng.IntN(2) == 0)
		case float32:
			f.value.SetFloat(float64([]float32{0, 6, 1e-30, 3.1415927, -2e30}[rng.IntN(5)]))
		case enum:
			f.value.SetUint(uint64(rng.IntN(len(e.words()))))
		}
	}
	return v.Interface().(Op)
}

func TestFieldsCoverOps(t *testing.T) {
	for _, op := range opKinds {
		if n := reflect.TypeOf(op).NumField(); n != len(Fields(op)) {
			t.Errorf("%s has %d fields, %d are tagged", op.Kind(), n, len(Fields(op)))
		}
		for _, f := range Fields(op) {
			if f.Keyword == "" {
				t.Errorf("%s: a field has no keyword", op.Kind())
			}
		}
	}
}

func TestNames(t *testing.T) {
	op := LSTM{WeightIH: "w", H: "h", C: "c"}
	if got := StateNames(op); !reflect.DeepEqual(got, []string{"h", "c"}) {
		t.Errorf("states %q", got)
	}
	if got := ParamNames(op); !reflect.DeepEqual(got, []string{"w"}) {
		t.Errorf("parameters %q, want those that are there", got)
	}
}

func TestParseIgnoresSpaceAndComments(t *testing.T) {
	m := parse(t, "# a model\n\n\tmodel m # named m\r\ninput x[ 3 ]\n  node y=Softmax ( x )#p\noutput y")
	want := "model  \"m\"\ninput  x [3]\nnode   y = Softmax(x)\noutput y\n"
	if got := print(t, m); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestParseErrors(t *testing.T) {
	tests := []struct{ text, want string }{
		{"", `1:1: want a line: model "name"`},
		{"# nothing\n", `2:1: want a line: model "name"`},
		{"input x [3]\nmodel m", `1:1: "input" before the model line`},
		{"model m\nmodel n", `2:7: a second model line`},
		{"model", `1:6: end of line, want the name of the model`},
		{"model m x", `1:9: "x", want the end of the line`},
		{"model m\nlayer x", `2:1: "layer", want model, input, state, param, node, output or tensor`},
		{"model m\n\"input\" x [3]", `2:1: "input", want model, input, state, param, node, output or tensor`},
		{"model m\ninput x", `2:8: end of line, want "["`},
		{"model m\ninput x int[3]", `2:9: "int", want a shape such as [64] or index[98]`},
		{"model m\ninput x [3", `2:11: end of line, want a size`},
		{"model m\ninput x [3 x]", `2:12: "x", want a size`},
		{"model m\ninput x [99999999999]", `2:10: "99999999999", want a size`},
		{"model m\ninput x index[3 4]", `2:14: 2 bounds of an index, want 1`},
		{"model m\nparam x [1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1]", `2:42: more than 16 dimensions`},
		{"model m\nstate h []", `2:9: 0 sizes of a state, want 1`},
		{"model m\nstate h [3] init", `2:17: end of line, want "="`},
		{"model m\nstate h [3] from=x", `2:13: "from", want the end of the line`},
		{"model m\nnode y", `2:7: end of line, want "="`},
		{"model m\nnode y = Conv(x)", `2:10: "Conv", want one of the ops ` + kindList()},
		{"model m\nnode y = Softmax x", `2:18: "x", want "("`},
		{"model m\nnode y = Softmax(x", `2:19: end of line, want ","`},
		{"model m\nnode y = Softmax(x z)", `2:20: "z", want ","`},
		{"model m\nnode y = Softmax(,)", `2:18: ",", want the name of a value`},
		{"model m\nnode y = Concat(x) axis=1", `2:20: "axis", want the end of the line`},
		{"model m\nnode y = Linear(x) bias=b", `2:10: Linear without weight`},
		{"model m\nnode y = Linear(x) weight=w weight=v", `2:29: a second "weight"`},
		{"model m\nnode y = Linear(x) weights=w", `2:20: "weights", want weight, bias, rows or the end of the line`},
		{"model m\nnode y = Linear(x) weight=", `2:27: end of line, want the value of weight`},
		{"model m\nnode y = Activation(x) func=gelu", `2:29: "gelu", want ` + strings.Join(funcWords, ", ")},
		{"model m\nnode y = Activation(x) func=\"tanh\"", `2:29: "tanh", want the value of func`},
		{"model m\nnode y = Activation(x) func=clipped_relu clip=x", `2:47: "x", want a number`},
		{"model m\nnode y = Linear(x) weight=w rows=x", `2:34: "x", want a whole number`},
		{"model m\ntensor x [3]", `2:8: "x", want input or output`},
		{"model m\ntensor input x [3] time=1 (value=x)", `2:25: "1", want an axis of [3]`},
		{"model m\ntensor input x [3] (part=x)", `2:21: "part", want value, first, state, length`},
		{"model m\noutput \"y", `2:8: the quoted name does not end or has a bad escape`},
		{"model m\noutput ?", `2:8: unexpected '?'`},
		{"model m\noutput \xff", `2:8: unexpected '�'`},
		{"model m\noutput ?\ninput\n", "2:8: unexpected '?'\n3:6: end of line, want the name of an input"},
	}
	for _, tc := range tests {
		m, err := Parse(strings.NewReader(tc.text))
		if err == nil {
			t.Errorf("%q: parsed to %+v, want %s", tc.text, m, tc.want)
		} else if err.Error() != tc.want {
			t.Errorf("%q:\ngot  %s\nwant %s", tc.text, err, tc.want)
		}
		var syntax *SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("%q: %T holds no *SyntaxError", tc.text, err)
		}
	}
}

func TestParseReader(t *testing.T) {
	broken := errors.New("broken")
	if _, err := Parse(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("got %v, want the error of the reader", err)
	}
	endless := io.MultiReader(strings.NewReader("model m\n"), endlessSpaces{})
	if _, err := Parse(endless); err == nil || !strings.Contains(err.Error(), "longer than") {
		t.Errorf("endless text: got %v", err)
	}
	if _, err := Parse(strings.NewReader(strings.Repeat("?\n", 1000))); len(faultsOf(err)) != maxSyntaxErrors {
		t.Errorf("%d faults, want %d", len(faultsOf(err)), maxSyntaxErrors)
	}
}

type endlessSpaces struct{}

func (endlessSpaces) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestPrintTypes(t *testing.T) {
	m := parse(t, "model m\ninput x [2]\nparam w [2 2]\nnode y = Linear(x) weight=w\nnode z = Linear(q) weight=w\noutput y")
	m.Params[0].Data = []float32{0, 1, 0, 2}
	var b bytes.Buffer
	if err := PrintTypes(&b, m); err != nil {
		t.Fatal(err)
	}
	want := `model  "m"
input  x [2]
param  w [2 2]  # density 0.5000, 2 of 4
node   y = Linear(x) weight=w  # [2]
node   z = Linear(q) weight=w  # [2]
output y
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
	if got := print(t, parse(t, b.String())); got != print(t, m) {
		t.Errorf("the comments change what is parsed:\n%s", got)
	}
}

func TestPrintUnknownOp(t *testing.T) {
	for _, op := range []Op{nil, &Linear{}} {
		if err := Print(io.Discard, &Model{Nodes: []Node{{Name: "y", Op: op}}}); err == nil || !strings.Contains(err.Error(), `node "y"`) {
			t.Errorf("%T: got %v, want an error that names the node", op, err)
		}
	}
}

// FuzzParse holds that what parses prints, parses again and prints the same,
// and that neither the verifier nor the annotated print panics on it.
func FuzzParse(f *testing.F) {
	f.Add(chargruText)
	f.Add("model m\ninput x []\nstate h [-1] init=\"\"\nparam w [0 3]\noutput x # c")
	f.Add("model \"a\\\"b\"\nnode y = Activation(y, y) func=relu clip=-0")
	f.Add("model m\nnode y = LSTM() weight_ih=\"\" weight_hh=- h=h c=h direction=forward")
	f.Add("model m\nnode a = Concat(b)\nnode b = Concat(a)\ninput x index[2147483647]")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := Parse(strings.NewReader(text))
		if err != nil {
			return
		}
		first := print(t, m)
		again, err := Parse(strings.NewReader(first))
		if err != nil {
			t.Fatalf("print does not parse: %v\n%s", err, first)
		}
		if second := print(t, again); second != first {
			t.Fatalf("first\n%s\nsecond\n%s", first, second)
		}
		verified := m.Verify() == nil
		if err := PrintTypes(io.Discard, m); err != nil {
			t.Fatal(err)
		}
		if verified && !reflect.DeepEqual(m, again) {
			t.Fatalf("a sound model is not carried over:\n%s", first)
		}
	})
}
