package ir

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// tokenKind is a kind of token of the text form.
type tokenKind uint8

const (
	endToken    tokenKind = iota // of the line, or a comment
	wordToken                    // a bare name, keyword or number
	stringToken                  // a quoted name; text is without quotes
	punctToken                   // one of [ ] ( ) , =
)

type token struct {
	kind tokenKind
	text string
	col  int
}

// String is the token as messages write it.
func (t token) String() string {
	if t.kind == endToken {
		return "end of line"
	}
	return strconv.Quote(t.text)
}

func (t token) is(punct string) bool { return t.kind == punctToken && t.text == punct }

// next reads the next token of the line into p.tok.
func (p *parser) next() error {
	trimmed := strings.TrimLeft(p.rest, " \t")
	p.at += len(p.rest) - len(trimmed)
	p.rest = trimmed
	col := p.at + 1
	switch {
	case p.rest == "" || p.rest[0] == '#':
		p.rest = ""
		p.tok = token{endToken, "", col}
		return nil
	case strings.IndexByte("[](),=", p.rest[0]) >= 0:
		p.take(punctToken, 1)
		return nil
	case p.rest[0] == '"':
		return p.quoted()
	}
	n := 0
	for n < len(p.rest) && (isBare(p.rest[n], false) || p.rest[n] == '+') {
		n++
	}
	if n == 0 {
		r, _ := utf8.DecodeRuneInString(p.rest)
		return &SyntaxError{p.line, col, "unexpected " + strconv.QuoteRune(r)}
	}
	p.take(wordToken, n)
	return nil
}

// take makes a token of the next n bytes.
func (p *parser) take(kind tokenKind, n int) {
	p.tok = token{kind, p.rest[:n], p.at + 1}
	p.rest = p.rest[n:]
	p.at += n
}

// quoted reads a Go string in double quotes.
func (p *parser) quoted() error {
	literal, err := strconv.QuotedPrefix(p.rest)
	if err != nil {
		return &SyntaxError{p.line, p.at + 1, "the quoted name does not end or has a bad escape"}
	}
	text, err := strconv.Unquote(literal)
	if err != nil {
		return &SyntaxError{p.line, p.at + 1, "the quoted name has a bad escape"}
	}
	p.take(stringToken, len(literal))
	p.tok.text = text
	return nil
}
