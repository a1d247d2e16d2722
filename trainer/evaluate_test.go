package trainer

import "testing"

// TestValidLimit: a validation scores whole batches up to its limit, the test
// likewise, and below 0 all of the part.
func TestValidLimit(t *testing.T) {
	c := tiny(t, Text)
	batch := c.Streams * c.Segment
	part := run(t, c, Options{})
	c.ValidLimit, c.TestLimit = -1, -1
	all := run(t, c, Options{})
	if part.Valid != all.Valid || *part.Test != *all.Test || all.Valid.Count <= 2*batch {
		t.Errorf("%d and %d targets, want all %d and %d where the limit is above them", part.Valid.Count, part.Test.Count, all.Valid.Count, all.Test.Count)
	}
	c.ValidLimit, c.TestLimit = batch+1, 1
	part = run(t, c, Options{})
	if part.Valid.Count != 2*batch || part.Test.Count != batch {
		t.Errorf("%d and %d targets, want %d and %d", part.Valid.Count, part.Test.Count, 2*batch, batch)
	}
}
