package main

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
	"github.com/argoproj/argo-rollouts/utils/replicaset"
	"github.com/argoproj/argo-rollouts/utils/rollout"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var restartTimes = []string{
	"2026-01-31T12:00:00Z", "2026-01-31T13:00:00+01:00", "2026-01-31T12:00:00.5Z",
	"2026-01-31T12:00:01Z",
}

// phaseCase asks for the phase and message of a canary.
func phaseCase(r *random) (object, error) {
	replicas := r.IntN(4)
	near := func() int {
		if r.chance(0.7) {
			return replicas
		}
		return r.IntN(5)
	}
	spec := object{"strategy": object{"canary": object{}}}
	if r.chance(0.9) {
		spec["replicas"] = replicas
	}
	if r.chance(0.15) {
		spec["paused"] = r.chance(0.7)
	}
	status := object{}
	if r.chance(0.3) {
		spec["restartAt"] = pick(r, restartTimes)
		if r.chance(0.8) {
			status["restartedAt"] = pick(r, restartTimes)
		}
	}
	for _, name := range []string{"replicas", "updatedReplicas", "availableReplicas"} {
		if r.chance(0.95) {
			status[name] = near()
		}
	}
	for _, name := range []string{"stableRS", "currentPodHash"} {
		if r.chance(0.9) {
			status[name] = pick(r, []string{"a", "a", "a", "b", ""})
		}
	}
	if r.chance(0.2) {
		reasons := []string{"CanaryPauseStep", "InconclusiveAnalysisRun", "StatusLost"}
		pauses := make([]object, r.IntN(3))
		for i := range pauses {
			pauses[i] = object{"reason": pick(r, reasons), "startTime": pick(r, restartTimes)}
		}
		status["pauseConditions"] = pauses
	}
	conditions := make([]object, r.IntN(3))
	for i := range conditions {
		conditions[i] = object{
			"type":    pick(r, []string{"Progressing", "Available", "Healthy", "InvalidSpec", "Paused"}),
			"status":  pick(r, []string{"True", "False", "Unknown"}),
			"reason":  pick(r, []string{"RolloutAborted", "ProgressDeadlineExceeded", "InvalidSpec", "X", "X", "X"}),
			"message": pick(r, []string{"", "because", "so: it is"}),
		}
	}
	if len(conditions) > 0 {
		status["conditions"] = conditions
	}
	line := object{"phase": object{"spec": spec, "status": status}}
	var decoded v1alpha1.Rollout
	if err := throughController(line["phase"], &decoded); err != nil {
		return nil, err
	}
	phase, message := rollout.CalculateRolloutPhase(decoded.Spec, decoded.Status)
	line["go"] = object{"phase": phase, "message": message}
	return line, nil
}

var durations = []string{
	"1h2m", ".5s", "1.5", "+3", "-1s", "1d", "", " 1s", "1_000", "0", "-0", "+0", "00", "-", "+", ".",
	"s", ".s", "1.s", "1..5s", "1s ", "1S", "1m1", "5", "-5", "007", "2147483647", "2147483648",
	"-2147483648", "9999999999", "1e3s", "0x10", "0x10s", "1h-2m", "1h+2m", "--1s", "+-1s", "3m0.5s",
	"999ms", "1000ms", "1500us", "1µs", "1μs", "9223372036s", "9223372037s", "2562047h47m16.854775807s",
	"2562048h", "596523h14m7s", "596524h", "876000h", "1m30", "٣s", "1ns", "0.9999999999s", "1ms1ms",
	"10s10s", "1h1h", "0s", "-0s", "1.000000000000000000001s", "99999999999999999999s", "1.5h",
	".1h", "0.0000000000000000001h", "-2562047h47m16.854775808s", "1.9999999999999s",
}

// durationCase asks for the seconds of a pause.
func durationCase(r *random) (object, error) {
	var duration any
	switch r.IntN(6) {
	case 0:
		duration = pick(r, []any{0, 1, 30, 86400, -1, 2147483647})
	case 1, 2:
		duration = pick(r, durations)
	default:
		duration = r.durationText()
	}
	var pause v1alpha1.RolloutPause
	if err := throughController(object{"duration": duration}, &pause); err != nil {
		return nil, err
	}
	return object{"duration": duration, "go": pause.DurationSeconds()}, nil
}

func (r *random) durationText() string {
	text := pick(r, []string{"", "", "", "", "", "", "-", "+"})
	for range 1 + r.IntN(3) {
		text += fmt.Sprint(r.IntN(pick(r, []int{3, 100, 100, 100_000_000})))
		if r.chance(0.3) {
			text += "." + fmt.Sprint(r.IntN(pick(r, []int{10, 1000, 1000_000_000})))
		}
		text += pick(r, []string{"h", "m", "s", "ms", "us", "µs", "ns", "s", "m", "", "d", "."})
	}
	return text
}

// affinityCase asks for the affinity of a new ReplicaSet, and for a live one without Argo's rule.
func affinityCase(r *random) (object, error) {
	template := object{"spec": object{"containers": []object{{"name": "web", "image": "web:1"}}}}
	if r.chance(0.6) {
		template["spec"].(object)["affinity"] = r.affinity("")
	}
	canary := object{}
	wished := pick(r, []string{"", "preferred", "required"})
	if wished != "" {
		rule := object{}
		if wished == "preferred" {
			rule["weight"] = r.weight()
		}
		canary["antiAffinity"] = object{wished + "DuringSchedulingIgnoredDuringExecution": rule}
	}
	status := object{}
	if r.chance(0.9) {
		status["stableRS"] = pick(r, []string{"stable", "other", "SAME"})
	}
	line := object{"affinity": object{
		"metadata": object{"namespace": "shop"},
		"spec":     object{"template": template, "strategy": object{"canary": canary}},
		"status":   status,
	}}
	var decoded v1alpha1.Rollout
	if err := throughController(line["affinity"], &decoded); err != nil {
		return nil, err
	}
	live := r.affinity(wished)
	var liveDecoded corev1.Affinity
	if err := decodeStored(live, &liveDecoded); err != nil {
		return nil, err
	}
	line["live"] = live
	line["go"] = object{
		"generated": tidy(replicaset.GenerateReplicaSetAffinity(decoded)),
		"removed":   tidy(replicaset.RemoveInjectedAntiAffinityRule(&liveDecoded, decoded)),
		"stale":     replicaset.IfInjectedAntiAffinityRuleNeedsUpdate(&liveDecoded, decoded),
	}
	return line, nil
}

// tidy is nil for a nil pointer, which otherwise would be a non-nil any.
func tidy(value *corev1.Affinity) any {
	if reflect.ValueOf(value).IsNil() {
		return nil
	}
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return json.RawMessage(text)
}

// affinity is any, with at most one rule of the kind and with the label that Argo's own have.
func (r *random) affinity(own string) object {
	affinity := object{}
	rules := object{}
	for _, kind := range []string{"preferred", "required"} {
		terms := []any{}
		add := func(selector metav1.LabelSelector) {
			term := object{"topologyKey": "zone", "labelSelector": selector}
			if kind == "preferred" {
				terms = append(terms, object{"weight": 1 + r.IntN(100), "podAffinityTerm": term})
			} else {
				terms = append(terms, term)
			}
		}
		for range r.IntN(3) {
			add(r.selector())
		}
		if kind == own && r.chance(0.7) {
			add(nameIn(v1alpha1.DefaultRolloutUniqueLabelKey, pick(r, []string{"stable", "other"})))
			for range r.IntN(2) {
				add(r.selector())
			}
		}
		if len(terms) > 0 {
			rules[kind+"DuringSchedulingIgnoredDuringExecution"] = terms
		}
	}
	if len(rules) > 0 || r.chance(0.2) {
		affinity["podAntiAffinity"] = rules
	}
	if r.chance(0.2) {
		affinity["nodeAffinity"] = object{}
	}
	if r.chance(0.1) {
		affinity["podAffinity"] = object{}
	}
	return affinity
}

func (r *random) selector() metav1.LabelSelector {
	if r.chance(0.5) {
		return metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}}
	}
	return nameIn("app", pick(r, []string{"stable", "other"}))
}

func nameIn(key, value string) metav1.LabelSelector {
	requirement := metav1.LabelSelectorRequirement{
		Key: key, Operator: metav1.LabelSelectorOpIn, Values: []string{value},
	}
	return metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{requirement}}
}
