package ir

import (
	"reflect"
	"testing"
)

func TestClone(t *testing.T) {
	m, want := chargru(t), chargru(t)
	c := m.Clone()
	if !reflect.DeepEqual(c, want) {
		t.Fatalf("got %+v, want %+v", c, want)
	}
	c.Inputs[1].Type.Shape[0] = 9
	c.States[0].Init = ""
	c.Params[0].Name = "other"
	c.Params[1].Shape[0] = 9
	c.Params[2].Data = nil
	c.Nodes[1].Inputs[0] = "other"
	c.Outputs[0] = "other"
	if !reflect.DeepEqual(m, want) {
		t.Error("a change of the copy changes the model")
	}
}
