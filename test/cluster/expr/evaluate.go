package main

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/file"
	"k8s.io/client-go/util/jsonpath"
)

// evaluate gives an expression the names that argo v1.10.1 utils/evaluate/evaluate.go gives it. Its result
// may be anything here, so that more of it can be compared than a condition tells.
func evaluate(expression string, result any) (string, error) {
	env := map[string]any{
		"result":  result,
		"asInt":   asInt,
		"asFloat": asFloat,
		"isNaN":   math.IsNaN,
		"isInf":   func(value float64) bool { return math.IsInf(value, 0) },
		"isNil":   func(any) bool { return result == nil },
		"default": func(_ any, otherwise any) any {
			if result == nil {
				return otherwise
			}
			return result
		},
	}
	program, err := expr.Compile(expression, expr.Env(env))
	if err != nil {
		return "", message(err)
	}
	output, err := expr.Run(program, env)
	if err != nil {
		return "", message(err)
	}
	return show(output), nil
}

// message leaves out where in the expression it is, as Argo does.
func message(err error) error {
	if located, ok := err.(*file.Error); ok {
		return errors.New(located.Message)
	}
	return err
}

func asInt(value any) int64 {
	switch v := reflect.ValueOf(value); v.Kind() {
	case reflect.Float32, reflect.Float64:
		return int64(v.Float())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if v.Type().PkgPath() == "" {
			return v.Int()
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return int64(v.Uint())
	case reflect.String:
		number, err := strconv.ParseInt(v.String(), 10, 64)
		if err != nil {
			panic(err)
		}
		return number
	}
	panic(fmt.Sprintf("asInt() not supported on %v %v", reflect.TypeOf(value), value))
}

func asFloat(value any) float64 {
	switch v := reflect.ValueOf(value); v.Kind() {
	case reflect.Float32, reflect.Float64:
		return v.Float()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if v.Type().PkgPath() == "" {
			return float64(v.Int())
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return float64(v.Uint())
	case reflect.String:
		number, err := strconv.ParseFloat(v.String(), 64)
		if err != nil {
			panic(err)
		}
		return number
	}
	panic(fmt.Sprintf("asFloat() not supported on %v %v", reflect.TypeOf(value), value))
}

// findPath is what argo v1.10.1 metricproviders/webmetric/webmetric.go does with a JSONPath.
func findPath(path string, value any) (string, error) {
	parser := jsonpath.New("metrics")
	if err := parser.Parse(path); err != nil {
		return "", err
	}
	results, err := parser.FindResults(value)
	if err != nil {
		return "", err
	}
	found := []any{}
	for _, list := range results {
		for _, each := range list {
			if each.IsValid() {
				found = append(found, each.Interface())
			} else {
				found = append(found, nil)
			}
		}
	}
	return show(found), nil
}
