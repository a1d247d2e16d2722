package ir_test

import (
	"fmt"
	"os"
	"strings"

	"github.com/sparsec/sparsec/ir"
)

func ExampleParse() {
	m, err := ir.Parse(strings.NewReader(`
model  counter
input  x [2]
state  h [3]
param  w [3 2]
param  u [3 4]
node   y = RNN(x) weight_ih=w weight_hh=u h=h func=relu
output z`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m.Verify())
	// Output:
	// tensor "u": shape [3 4], want [3 3]
	// output "z": is not defined
}

func ExamplePrintTypes() {
	m := &ir.Model{
		Name:   "head",
		Inputs: []ir.Input{{Name: "x", Type: ir.Vector(2)}},
		Params: []*ir.Param{{Name: "w", Shape: []int{2, 2}, Data: []float32{0, 0, 0.5, 0}}},
		Nodes: []ir.Node{
			{Name: "logits", Op: ir.Linear{Weight: "w"}, Inputs: []string{"x"}},
			{Name: "p", Op: ir.Softmax{}, Inputs: []string{"logits"}},
		},
		Outputs: []string{"p"},
	}
	if err := ir.PrintTypes(os.Stdout, m); err != nil {
		fmt.Println(err)
	}
	// Output:
	// model  "head"
	// input  x [2]
	// param  w [2 2]  # density 0.2500, 1 of 4
	// node   logits = Linear(x) weight=w  # [2]
	// node   p = Softmax(logits)  # [2]
	// output p
}
