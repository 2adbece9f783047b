// Command expr answers what expr-lang and client-go's JSONPath make of expressions. See README.md.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
)

type question struct {
	// Condition is evaluated as Argo does it, Path as its web provider does.
	Condition *string         `json:"condition"`
	Path      *string         `json:"path"`
	Value     json.RawMessage `json:"value"`
	// Type is the Go type that Value has, if it is not that of any JSON.
	Type string `json:"type"`
}

func main() {
	if err := answerAll(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func answerAll() error {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<26)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for lines.Scan() {
		var asked question
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			return err
		}
		text, err := answer(asked)
		if err != nil {
			err = encoder.Encode([]string{"", err.Error()})
		} else {
			err = encoder.Encode([]string{text})
		}
		if err != nil {
			return err
		}
	}
	return lines.Err()
}

func answer(asked question) (text string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	value, err := decode(asked.Value, asked.Type)
	if err != nil {
		return "", err
	}
	if asked.Path != nil {
		return findPath(*asked.Path, value)
	}
	return evaluate(*asked.Condition, value)
}

func decode(raw json.RawMessage, kind string) (any, error) {
	if kind == "floats" {
		floats := []float64{}
		err := json.Unmarshal(raw, &floats)
		return floats, err
	}
	var value any
	if len(raw) == 0 {
		return nil, nil
	}
	err := json.Unmarshal(raw, &value)
	return value, err
}
