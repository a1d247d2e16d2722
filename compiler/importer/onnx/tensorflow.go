package onnx

import (
	"fmt"
	"sort"
	"strings"
)

// tensorflowFault says what a file is that holds a graph of TensorFlow, whose first
// field is a node where that of ONNX is a number. It lists the operators.
func tensorflowFault(b []byte) error {
	nodes := map[string][]string{}
	err := fields(b, func(x field) error {
		if x.tag != 1 {
			return nil
		}
		body, err := x.message()
		if err != nil {
			return err
		}
		var name, op string
		err = fields(body, func(x field) error {
			if x.tag != 1 && x.tag != 2 {
				return nil
			}
			s, err := x.message()
			if x.tag == 1 {
				name = string(s)
			} else {
				op = string(s)
			}
			return err
		})
		if op != "Const" && op != "Placeholder" {
			nodes[op] = append(nodes[op], name)
		}
		return err
	})
	if err != nil || len(nodes) == 0 || len(nodes[""]) > 0 {
		return nil // ONNX, or neither: reported as such
	}
	var ops []string
	for op, names := range nodes {
		ops = append(ops, fmt.Sprintf("operator %s is not supported: node %s", op, strings.Join(names, ", ")))
	}
	sort.Strings(ops)
	return fmt.Errorf("is a graph of TensorFlow (GraphDef), want ONNX\n%s", strings.Join(ops, "\n"))
}
