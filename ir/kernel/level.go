package kernel

import "fmt"

// Level is an instruction set that kernels are written for. A machine of one
// level runs the kernels of those below.
type Level uint8

const (
	AVX2   Level = iota // AVX, AVX2, FMA, F16C, BMI1/2; VEX encodings only
	AVX512              // additionally AVX-512 F, CD, DQ, BW, VL
)

// Levels are all there are, in rising order.
func Levels() []Level { return []Level{AVX2, AVX512} }

// ParseLevel reads the name that String gives.
func ParseLevel(name string) (Level, error) {
	for _, l := range Levels() {
		if l.String() == name {
			return l, nil
		}
	}
	return 0, fmt.Errorf("instruction set %q: want avx2 or avx512", name)
}

// MarshalText is the level's name.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads the level's name.
func (l *Level) UnmarshalText(text []byte) (err error) {
	*l, err = ParseLevel(string(text))
	return err
}

// String is the name that the flags and a package's Kernel function use.
func (l Level) String() string {
	switch l {
	case AVX2:
		return "avx2"
	case AVX512:
		return "avx512"
	}
	return fmt.Sprintf("level?%d", uint8(l))
}
