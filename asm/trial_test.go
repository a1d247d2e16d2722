package asm

// Trial is a product with a packed matrix and what must come of it, as it is sent
// to a [runner]. The module of the runner has a copy of this file.
type Trial struct {
	Name     string
	Package  string // whose kernels the calls name
	Calls    []TrialCall
	Sections [][]byte
	// Slack is the number of bytes behind a section that a kernel may read.
	Slack     int
	Init, Src []float32
	// InPlace says that init may be dst: the trial is done that way too.
	InPlace bool
	// Tolerance says for each element of the result how near to Want it must be:
	// Equal, the same number or NaN for NaN; AnyNumber, no claim; an infinity, not
	// finite either; or the largest difference.
	Want, Tolerance []float32
}

// Tolerances that are none.
const (
	Equal     = -1
	AnyNumber = -2
)

// TrialCall is a call of a kernel.
type TrialCall struct {
	Func string // and, of a portable kernel, the elements of its sections
	Args []TrialArg
}

// TrialArg is an argument: Len elements from Off of a vector, what lies from byte
// Off of a section, or Value.
type TrialArg struct {
	Kind     TrialKind
	Off, Len int
	Section  int
	Value    int
}

// TrialKind says what an argument is.
type TrialKind uint8

// The kinds of arguments.
const (
	TrialDst TrialKind = iota
	TrialInit
	TrialSrc
	TrialSection
	TrialInt
)
