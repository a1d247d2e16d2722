package codegen

import (
	"fmt"
	"go/token"
	"go/types"
	"strings"
)

// scope gives out Go identifiers, each once.
type scope map[string]bool

func newScope(reserved ...string) scope {
	s := scope{}
	for _, r := range reserved {
		s[r] = true
	}
	return s
}

// private is a lower-case identifier for the name of a port, buffer or layer.
func (s scope) private(name string) string {
	words := words(name)
	words[0] = strings.ToLower(words[0][:1]) + words[0][1:]
	return s.unique(strings.Join(words, ""))
}

// unique is the identifier, with a number where it is taken, a keyword or a
// predeclared name.
func (s scope) unique(id string) string {
	for i, candidate := 2, id; ; i++ {
		if !s[candidate] && !token.IsKeyword(candidate) && types.Universe.Lookup(candidate) == nil {
			s[candidate] = true
			return candidate
		}
		candidate = fmt.Sprintf("%s_%d", id, i)
	}
}

// exported is the name in capitalised words, to be put behind a prefix.
func exported(name string) string { return strings.Join(words(name), "") }

// words splits a name at everything that is no ASCII letter or digit, and
// capitalises the parts; there is at least one, and it begins with a letter.
func words(name string) []string {
	parts := strings.FieldsFunc(name, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9')
	})
	for i, p := range parts {
		parts[i] = strings.ToUpper(p[:1]) + p[1:]
	}
	if len(parts) == 0 || parts[0][0] <= '9' {
		parts = append([]string{"V"}, parts...)
	}
	return parts
}
