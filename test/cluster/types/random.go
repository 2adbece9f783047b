package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
)

// A private-use character that no text needs. In the finished JSON it becomes a lone surrogate,
// which Go's own encoder could not write.
const loneMark = "\ue0ff"

var words = []string{
	"", "web", "web:v2", "a b", "<b>&amp;</b>", "tab\tnewline\nreturn\r", "bell\a back\b feed\f",
	"quote\" slash\\ /", "line\u2028paragraph\u2029", "naïve", "日本語", "🐤 canary",
	"\u0000", "\u007f", "\u0085", "\ufeffbom", "\ufffd", "lone " + loneMark,
	"0", "10%", "null", "true", "1.50", "$(VAR)",
}

var keys = []string{
	"app", "app.kubernetes.io/name", "", "z", "Z", "é", "\uff5e", "🐤", "<", "a.b/c-d", "10", "9",
	"__proto__", "constructor", "lone " + loneMark,
}

var times = []string{
	"2026-01-31T12:00:00Z", "2024-02-29T23:59:59Z", "2026-01-31T12:00:00.987654321Z",
	"2026-01-31T12:00:00,5+02:00", "1999-12-31T23:30:00-05:30", "0001-01-01T00:00:00Z",
	"0001-01-01T01:00:00+01:00", "0001-01-01T00:00:00.5Z", "2000-03-01T00:00:00+24:00",
	"1900-03-01T0:00:00+00:60",
}

// In UTC these leave the years that Go reads again, so they cannot stand in an object.
var strayTimes = []string{"9999-12-31T23:59:59-01:00", "0000-01-01T00:00:00+14:00"}

var microTimes = []string{
	"2026-01-31T12:00:00.000000Z", "2026-01-31T23:59:59.123456-08:00", "0001-01-01T00:00:00.000000Z",
}

var quantities = []string{
	"0", "1", "100m", "0.5", "1.5", "1000m", "1Gi", "1.5Gi", "0.5Ki", "1025Ki", "1024Mi", "1e3",
	"1E3",
	"12e6", "1e-3", "5E", "1000E", "+5", "-5", "05", "1.500", "1.000", ".5", "5.", "1n", "0.1n", "1u",
	"123456789012345678901", "8Ei", "-8Ei", "0.001Ki", "1.0001Ki", "1024", "2048Ki", "-1Ki",
	"1Pi", "1k",
}

type random struct {
	*rand.Rand
	budget  int
	density float64
	depth   int
}

func newRandom(seed, number uint64) *random {
	source := rand.New(rand.NewPCG(seed, number))
	return &random{source, 10 + source.IntN(70), 0.05 + 0.5*source.Float64(), 0}
}

func pick[T any](r *random, from []T) T { return from[r.IntN(len(from))] }

func (r *random) chance(probability float64) bool { return r.Float64() < probability }

// value is a JSON value as a person may have written it, which decodes into the type.
func (r *random) value(typ reflect.Type) any {
	if r.chance(0.03) {
		return nil
	}
	switch special[typ] {
	case "Time":
		return pick(r, times)
	case "MicroTime":
		return pick(r, microTimes)
	case "Quantity":
		return r.quantity()
	case "IntOrString":
		if r.chance(0.5) {
			return r.integer(32)
		}
		return pick(r, words)
	case "RawJSON":
		return r.anything(3)
	}
	switch typ.Kind() {
	case reflect.Pointer:
		return r.value(typ.Elem())
	case reflect.Slice:
		items := make([]any, r.size())
		for i := range items {
			items[i] = r.value(typ.Elem())
		}
		return items
	case reflect.Map:
		members := map[string]any{}
		for range r.size() {
			members[pick(r, keys)] = r.value(typ.Elem())
		}
		return members
	case reflect.Struct:
		members := map[string]any{}
		r.fill(members, typ)
		return members
	case reflect.String:
		return pick(r, words)
	case reflect.Bool:
		return r.chance(0.6)
	case reflect.Int32:
		return r.integer(32)
	case reflect.Int64:
		return r.integer(53)
	}
	panic("no random value for " + typ.String())
}

func (r *random) size() int { return min(r.IntN(4), max(r.budget, 0)) }

func (r *random) fill(members map[string]any, typ reflect.Type) {
	density := r.density
	if r.depth == 0 {
		density = 0.95
	}
	r.depth++
	defer func() { r.depth-- }()
	// In random order, so that the budget is not always spent on the first fields.
	for _, i := range r.Perm(typ.NumField()) {
		field := typ.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "-" || !field.IsExported() {
			continue
		}
		if field.Anonymous && name == "" {
			r.depth--
			r.fill(members, field.Type)
			r.depth++
			continue
		}
		if r.budget > 0 && r.chance(density) {
			r.budget--
			members[name] = r.value(field.Type)
		}
	}
	if r.chance(0.03) {
		members["notAField"] = r.anything(1)
	}
}

func (r *random) integer(bits int) any {
	limit := int64(1) << (bits - 1)
	if bits > 32 {
		limit = 1<<bits - 1
	}
	switch r.IntN(8) {
	case 0:
		return 0
	case 1:
		return limit - 1
	case 2:
		return -limit + 1
	case 3:
		return json.RawMessage(pick(r, []string{"1e3", "5.0", "-0", "20"}))
	}
	return r.IntN(200) - 20
}

func (r *random) quantity() any {
	for {
		text := pick(r, quantities)
		if r.chance(0.5) {
			text = r.quantityText()
		}
		if _, err := goForm("quantity", text); err != nil {
			continue
		}
		if r.chance(0.3) && isNumber(text) {
			return json.Number(text)
		}
		return text
	}
}

// quantityText is often, but not always, a quantity.
func (r *random) quantityText() string {
	digits := func(most int) string {
		text := ""
		for range r.IntN(most + 1) {
			text += pick(r, []string{"0", "0", "0", "1", "2", "4", "5", "8", "9", "1024"})
		}
		return text
	}
	text := pick(r, []string{"", "", "", "-", "+"}) + digits(pick(r, []int{3, 3, 10, 24}))
	if r.chance(0.4) {
		text += "." + digits(pick(r, []int{2, 4, 14}))
	}
	text += pick(r, []string{
		"", "", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei",
		"x", "K",
		"e", "e3", "E-6", "e+9", "e20", "e-12", "e0", "eE", "mi", "+3",
		"E4294967299", "e9223372036854775808",
	})
	return pick(r, []string{"", "", "", "", " ", "\u00a0", "\t"}) + text
}

func (r *random) timeText() string {
	text := pick(r, append(strayTimes, times...))
	if r.chance(0.4) {
		text = fmt.Sprintf("%04d-%02d-%02dT%02d:%02d:%02d%s%s", r.IntN(2500), r.IntN(14), r.IntN(33),
			r.IntN(25), r.IntN(61), r.IntN(61), pick(r, []string{"", "", ".", ".5", ".123456", ",000001"}),
			pick(r, []string{"Z", "Z", "z", "", "+02:00", "-23:59", "+25:00", "+00:61", "+0200"}))
	} else if r.chance(0.4) {
		at := r.IntN(len(text))
		text = text[:at] + pick(r, []string{"", "0", "1", "9", "-", ":"}) + text[at+1:]
	}
	return text
}

func (r *random) anything(depth int) any {
	choices := 6
	if depth > 0 {
		choices = 8
	}
	switch r.IntN(choices) {
	case 0:
		return nil
	case 1:
		return r.chance(0.5)
	case 2:
		return r.integer(53)
	case 3:
		numbers := []string{"0.1", "1.50", "1e21", "1e20", "1e-6", "1.5e-7", "123456.789"}
		return json.RawMessage(pick(r, numbers))
	case 6:
		items := make([]any, r.IntN(3))
		for i := range items {
			items[i] = r.anything(depth - 1)
		}
		return items
	case 7:
		members := map[string]any{}
		for range r.IntN(4) {
			members[pick(r, keys)] = r.anything(depth - 1)
		}
		return members
	}
	return pick(r, words)
}

// isNumber leaves out the integers that Go keeps and JavaScript cannot.
func isNumber(text string) bool {
	if _, err := json.Marshal(json.Number(text)); err != nil {
		return false
	}
	if whole, err := strconv.ParseInt(text, 10, 64); err == nil {
		return -1<<53 < whole && whole < 1<<53
	}
	_, err := strconv.ParseFloat(text, 64)
	return err == nil
}
