package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
	"github.com/argoproj/argo-rollouts/utils/conditions"
	"github.com/argoproj/argo-rollouts/utils/hash"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kjson "sigs.k8s.io/json"
)

// printHashes writes one case a line: what a person stored, and what Go makes of it.
func printHashes(out io.Writer, seed uint64, count int) error {
	w := bufio.NewWriter(out)
	fmt.Fprintln(w, "[")
	for number := range count {
		line, err := randomCase(newRandom(seed, uint64(number)))
		if err != nil {
			return fmt.Errorf("seed %d, case %d: %w", seed, number, err)
		}
		text, err := json.Marshal(line)
		if err != nil {
			return err
		}
		comma := ","
		if number == count-1 {
			comma = ""
		}
		text = bytes.ReplaceAll(text, []byte(loneMark), []byte(`\ud83d`))
		fmt.Fprintf(w, "%s%s\n", text, comma)
	}
	fmt.Fprintln(w, "]")
	return w.Flush()
}

func randomCase(r *random) (map[string]any, error) {
	switch choice := r.IntN(100); {
	case choice < 45:
		return templateCase(r)
	case choice < 70:
		return strategyCase(r)
	case choice < 80:
		return objectCase(r)
	case choice < 93:
		return formCase("quantity", r.quantityText()), nil
	case choice < 97:
		return formCase("time", r.timeText()), nil
	default:
		text := r.timeText()
		if r.chance(0.5) {
			text = pick(r, microTimes)
		}
		return formCase("microTime", text), nil
	}
}

func templateCase(r *random) (map[string]any, error) {
	var template corev1.PodTemplateSpec
	user := map[string]any{}
	r.fill(user, reflect.TypeFor[corev1.PodTemplateSpec]())
	if err := throughController(user, &template); err != nil {
		return nil, err
	}
	line := map[string]any{"template": user}
	var collisions *int32
	if r.chance(0.3) {
		count := pick(r, []int32{0, 1, 2, 255, 256, 1<<31 - 1, -1})
		collisions = &count
		line["collisionCount"] = count
	}
	line["hash"] = hash.ComputePodTemplateHash(&template, collisions)
	return line, nil
}

func strategyCase(r *random) (map[string]any, error) {
	user := map[string]any{}
	if r.chance(0.1) {
		r.fill(user, reflect.TypeFor[v1alpha1.RolloutStrategy]())
	} else {
		steps := make([]any, r.IntN(6))
		for i := range steps {
			steps[i] = r.value(reflect.TypeFor[v1alpha1.CanaryStep]())
		}
		user["canary"] = map[string]any{"steps": steps}
	}
	spec := map[string]any{"strategy": user}
	var rollout v1alpha1.Rollout
	if err := throughController(map[string]any{"spec": spec}, &rollout); err != nil {
		return nil, err
	}
	return map[string]any{"strategy": user, "hash": conditions.ComputeStepHash(&rollout)}, nil
}

// objectCase holds any root of the table, and the text Go encodes it as.
func objectCase(r *random) (map[string]any, error) {
	typ := reflect.TypeOf(pick(r, roots))
	user := map[string]any{}
	r.fill(user, typ)
	object := reflect.New(typ)
	if err := decodeStored(user, object.Interface()); err != nil {
		return nil, err
	}
	encoded, err := json.Marshal(object.Interface())
	if err != nil {
		return nil, err
	}
	return map[string]any{"type": typ.Name(), "object": user, "encoded": string(encoded)}, nil
}

// formCase holds what Go writes for a text, or null where it refuses the text.
func formCase(kind, text string) map[string]any {
	if form, err := goForm(kind, text); err == nil {
		return map[string]any{kind: text, "go": json.RawMessage(form)}
	}
	return map[string]any{kind: text}
}

func goForm(kind, text string) ([]byte, error) {
	var into any
	switch kind {
	case "quantity":
		into = &resource.Quantity{}
	case "time":
		into = &metav1.Time{}
	case "microTime":
		into = &metav1.MicroTime{}
	}
	if err := decodeStored(text, into); err != nil {
		return nil, err
	}
	return json.Marshal(into)
}

// decodeStored takes the way of a custom resource: the API server keeps it untyped, and Argo's
// client decodes what the server then encodes.
func decodeStored(user, into any) error {
	text, err := json.Marshal(user)
	if err != nil {
		return err
	}
	sent := strings.ReplaceAll(string(text), loneMark, `\ud83d`)
	var untyped any
	if err := kjson.UnmarshalCaseSensitivePreserveInts([]byte(sent), &untyped); err != nil {
		return err
	}
	stored, err := json.Marshal(untyped)
	if err != nil {
		return err
	}
	return kjson.UnmarshalCaseSensitivePreserveInts(stored, into)
}

// throughController also encodes and decodes once more, as Argo's controller does before it looks.
// argo v1.10.1 rollout/controller.go
func throughController[T any](user any, into *T) error {
	var decoded T
	if err := decodeStored(user, &decoded); err != nil {
		return err
	}
	again, err := json.Marshal(&decoded)
	if err != nil {
		return err
	}
	return json.Unmarshal(again, into)
}
