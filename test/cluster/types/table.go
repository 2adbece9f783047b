package main

import (
	"bufio"
	"encoding"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"reflect"
	"sort"
	"strings"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Argo's types come first: where two packages use one name, the first keeps it.
var roots = []any{
	v1alpha1.Rollout{}, v1alpha1.AnalysisTemplate{}, v1alpha1.ClusterAnalysisTemplate{},
	v1alpha1.AnalysisRun{}, v1alpha1.Experiment{},
	corev1.PodTemplate{}, corev1.Pod{}, corev1.Service{}, corev1.Event{},
	appsv1.ReplicaSet{}, appsv1.Deployment{}, policyv1.PodDisruptionBudget{},
}

// RolloutDurationStatus is what Argo's main branch has added to the status since v1.10.1. A cluster with
// the older CRD drops it without a word.
type RolloutDurationStatus struct {
	RolloutStartedAt                *metav1.Time `json:"rolloutStartedAt,omitempty"`
	ManualPauseStartedAt            *metav1.Time `json:"manualPauseStartedAt,omitempty"`
	TotalManualPauseDurationSeconds *int64       `json:"totalManualPauseDurationSeconds,omitempty"`
	FinishedAt                      *metav1.Time `json:"finishedAt,omitempty"`
	CompletionStatus                *string      `json:"completionStatus,omitempty"`
}

var later = map[reflect.Type]reflect.Type{
	reflect.TypeFor[v1alpha1.RolloutStatus](): reflect.TypeFor[struct {
		Duration *RolloutDurationStatus `json:"duration,omitempty"`
	}](),
}

// Types whose JSON form is not what their fields say. The encoder knows each by this name.
var special = map[reflect.Type]string{
	reflect.TypeFor[metav1.Time]():        "Time",
	reflect.TypeFor[metav1.MicroTime]():   "MicroTime",
	reflect.TypeFor[resource.Quantity]():  "Quantity",
	reflect.TypeFor[intstr.IntOrString](): "IntOrString",
	reflect.TypeFor[json.RawMessage]():    "RawJSON",
	reflect.TypeFor[metav1.FieldsV1]():    "RawJSON",
}

// Types with a marshaler that writes what the fields say anyway.
// argo v1.10.1 pkg/apis/rollouts/v1alpha1/types.go: it differs only for a rollout whose template
// was resolved from a workloadRef, and then by leaving out what never was in the cluster.
var plainMarshaler = map[reflect.Type]bool{
	reflect.TypeFor[v1alpha1.RolloutSpec](): true,
}

var (
	jsonMarshaler = reflect.TypeFor[json.Marshaler]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
)

type table struct {
	names  map[reflect.Type]string
	taken  map[string]reflect.Type
	fields map[string][]string
	markers
}

func newTable() *table {
	return &table{
		names:  map[reflect.Type]string{},
		taken:  map[string]reflect.Type{},
		fields: map[string][]string{},
	}
}

// structName gives the struct its name in the table and describes it at the first call.
func (t *table) structName(typ reflect.Type) string {
	if name, ok := t.names[typ]; ok {
		return name
	}
	name := typ.Name()
	if t.taken[name] != nil {
		group := path.Base(path.Dir(typ.PkgPath()))
		name = strings.ToUpper(group[:1]) + group[1:] + name
	}
	if t.taken[name] != nil {
		panic("two types named " + name)
	}
	if custom(typ) && !plainMarshaler[typ] {
		panic("a marshaler the table does not know: " + typ.String())
	}
	t.names[typ] = name
	t.taken[name] = typ
	t.fields[name] = t.describe(typ)
	return name
}

func custom(typ reflect.Type) bool {
	pointer := reflect.PointerTo(typ)
	return pointer.Implements(jsonMarshaler) || pointer.Implements(textMarshaler)
}

func (t *table) describe(typ reflect.Type) []string {
	lines := []string{}
	seen := map[string]bool{}
	for i := range typ.NumField() {
		field := typ.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "-" || !field.IsExported() {
			continue
		}
		if field.Anonymous && name == "" {
			lines = append(lines, fmt.Sprintf("- %s inline", t.typeName(field.Type)))
			continue
		}
		if name == "" {
			name = field.Name
		}
		if seen[name] {
			panic(fmt.Sprintf("%s has %s twice", typ, name))
		}
		seen[name] = true
		line := name + " " + t.typeName(field.Type)
		for _, option := range strings.Split(options, ",") {
			switch option {
			case "omitempty":
				line += " omitempty"
			case "omitzero":
				// Every type has its own idea of zero; the encoder knows that of times.
				if field.Type != reflect.TypeFor[metav1.Time]() {
					panic(fmt.Sprintf("%s.%s: omitzero on %s", typ, name, field.Type))
				}
				line += " omitzero"
			case "", "inline":
			default:
				panic(fmt.Sprintf("%s.%s: JSON option %s", typ, name, option))
			}
		}
		lines = append(lines, line+t.schemaOptions(typ, field, strings.Contains(options, "omit")))
	}
	if more, ok := later[typ]; ok {
		lines = append(lines, t.describe(more)...)
	}
	return lines
}

func (t *table) typeName(typ reflect.Type) string {
	if name, ok := special[typ]; ok {
		return name
	}
	switch typ.Kind() {
	case reflect.Pointer:
		return "*" + t.typeName(typ.Elem())
	case reflect.Slice:
		if typ.Elem().Kind() == reflect.Uint8 {
			panic("bytes, which the encoder does not know: " + typ.String())
		}
		return "[]" + t.typeName(typ.Elem())
	case reflect.Map:
		if typ.Key().Kind() != reflect.String {
			panic("a map whose keys are not strings: " + typ.String())
		}
		return "map:" + t.typeName(typ.Elem())
	case reflect.Struct:
		return t.structName(typ)
	}
	if custom(typ) {
		panic("a marshaler the table does not know: " + typ.String())
	}
	switch typ.Kind() {
	case reflect.String, reflect.Bool, reflect.Int32, reflect.Int64:
		return typ.Kind().String()
	}
	panic("a kind the table does not know: " + typ.String())
}

// printTable writes one struct a line, so that a change of version can be reviewed as a diff.
func printTable(out io.Writer) error {
	t := newTable()
	for _, root := range roots {
		t.structName(reflect.TypeOf(root))
	}
	names := make([]string, 0, len(t.fields))
	for name := range t.fields {
		names = append(names, name)
	}
	sort.Strings(names)
	w := bufio.NewWriter(out)
	fmt.Fprintln(w, "{")
	for i, name := range names {
		line, err := json.Marshal(t.fields[name])
		if err != nil {
			return err
		}
		comma := ","
		if i == len(names)-1 {
			comma = ""
		}
		fmt.Fprintf(w, "%q:%s%s\n", name, line, comma)
	}
	fmt.Fprintln(w, "}")
	return w.Flush()
}
