package main

import (
	"fmt"
	"reflect"
	"sort"
	"strings"
	"time"
)

// show prints a value with its types.
func show(value any) string {
	if value == nil {
		return "nil"
	}
	switch v := value.(type) {
	case time.Time:
		return v.String()
	case time.Duration, *time.Location:
		return fmt.Sprintf("%T(%v)", v, v)
	}
	v := reflect.ValueOf(value)
	switch v.Kind() {
	case reflect.String:
		return fmt.Sprintf("%q", v.String())
	case reflect.Bool, reflect.Int, reflect.Int64, reflect.Uint8, reflect.Float64:
		return fmt.Sprintf("%T(%v)", value, value)
	case reflect.Slice, reflect.Array:
		if v.Kind() == reflect.Slice && v.IsNil() {
			return fmt.Sprintf("%T(nil)", value)
		}
		parts := make([]string, v.Len())
		for i := range parts {
			parts[i] = show(v.Index(i).Interface())
		}
		return fmt.Sprintf("%T{%s}", value, strings.Join(parts, ", "))
	case reflect.Map:
		parts := []string{}
		for _, key := range v.MapKeys() {
			parts = append(parts, show(key.Interface())+": "+show(v.MapIndex(key).Interface()))
		}
		sort.Strings(parts)
		return fmt.Sprintf("%T{%s}", value, strings.Join(parts, ", "))
	}
	return fmt.Sprintf("%T", value)
}
