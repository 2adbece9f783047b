package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
	"github.com/argoproj/argo-rollouts/utils/replicaset"
	"github.com/sirupsen/logrus"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

type object = map[string]any

// printRules writes one case a line: an input, and what Argo's functions answer to it.
func printRules(out io.Writer, seed uint64, count int) error {
	logrus.SetLevel(logrus.PanicLevel)
	w := bufio.NewWriter(out)
	fmt.Fprintln(w, "[")
	for number := range count {
		line, err := ruleCase(newRandom(seed, uint64(number)))
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
		fmt.Fprintf(w, "%s%s\n", text, comma)
	}
	fmt.Fprintln(w, "]")
	return w.Flush()
}

func ruleCase(r *random) (object, error) {
	switch choice := r.IntN(100); {
	case choice < 45:
		return sizesCase(r)
	case choice < 57:
		return phaseCase(r)
	case choice < 67:
		return durationCase(r)
	case choice < 90:
		return validityCase(r)
	default:
		return affinityCase(r)
	}
}

// sizesCase asks how many pods canary and stable get next, and whether the step is done.
func sizesCase(r *random) (object, error) {
	canary := object{}
	spec := object{"strategy": object{"canary": canary}}
	replicas := r.IntN(13)
	if r.chance(0.15) {
		replicas = r.IntN(201)
	}
	if r.chance(0.97) {
		spec["replicas"] = replicas
	} else {
		replicas = 1
	}
	for _, name := range []string{"maxSurge", "maxUnavailable"} {
		if r.chance(0.85) {
			// test/decide/ruleCases.ts leaves out what its own rules call malformed.
			canary[name] = r.fencepost()
		}
	}
	if r.chance(0.2) {
		canary["replicaProgressThreshold"] = object{
			"type":  pick(r, []string{"Percent", "Percent", "Pods", "Percentage", ""}),
			"value": pick(r, []int{-1, 0, 1, 2, 5, 33, 50, 66, 67, 70, 90, 100, 101}),
		}
	}
	steps := make([]object, r.IntN(4))
	for i := range steps {
		steps[i] = object{"setWeight": r.weight()}
		if r.chance(0.3) {
			steps[i] = object{"pause": object{}}
		}
	}
	if len(steps) > 0 {
		canary["steps"] = steps
	}
	status := object{"currentPodHash": "c"}
	if r.chance(0.9) {
		status["currentStepIndex"] = r.IntN(len(steps) + 2)
	}
	if r.chance(0.15) {
		status["abort"] = true
	}
	if r.chance(0.08) {
		status["promoteFull"] = true
	}

	line := object{"rollout": object{"spec": spec, "status": status}}
	var canarySet, stableSet *appsv1.ReplicaSet
	var others []*appsv1.ReplicaSet
	if r.chance(0.93) {
		canarySet, line["canary"] = r.replicaSet("c", replicas)
	}
	switch choice := r.IntN(100); {
	case choice < 82:
		status["stableRS"] = "s"
		stableSet, line["stable"] = r.replicaSet("s", replicas)
	case choice < 92 && canarySet != nil:
		status["stableRS"] = "c"
		stableSet, line["same"] = canarySet, true
	case choice < 96:
		status["stableRS"] = "s"
	}
	sizes := []any{}
	for range pick(r, []int{0, 0, 0, 1, 2}) {
		set, size := r.replicaSet("o", replicas)
		others, sizes = append(others, set), append(sizes, size)
	}
	line["others"] = sizes

	var rollout v1alpha1.Rollout
	if err := throughController(line["rollout"], &rollout); err != nil {
		return nil, err
	}
	toCanary, toStable := replicaset.CalculateReplicaCountsForBasicCanary(
		&rollout, canarySet, stableSet, append([]*appsv1.ReplicaSet{}, others...))
	_, sizing := replicaset.GetCanaryReplicasOrWeight(&rollout, canarySet, stableSet)
	answer := object{
		"counts":      []int32{toCanary, toStable},
		"surge":       replicaset.MaxSurge(&rollout),
		"unavailable": replicaset.MaxUnavailable(&rollout),
		"weight":      replicaset.GetCurrentSetWeight(&rollout),
		"sizing":      sizing,
		"at":          replicaset.AtDesiredReplicaCountsForCanary(&rollout, canarySet, stableSet, others, nil),
		"enough": replicaset.ReplicaProgressThresholdMet(
			rollout.Spec.Strategy.Canary.ReplicaProgressThreshold, canarySet, int32(replicas)),
	}
	if step, _ := replicaset.GetCurrentCanaryStep(&rollout); step != nil {
		answer["step"] = step
	}
	line["go"] = answer
	return line, nil
}

// replicaSet is one of any size, often near the wanted one, and [desired, current, available].
func (r *random) replicaSet(name string, replicas int) (*appsv1.ReplicaSet, []int32) {
	near := func(around int) int {
		if r.chance(0.5) {
			return around
		}
		return r.IntN(around + around/2 + 3)
	}
	desired := near(replicas)
	if r.chance(0.35) {
		desired = r.IntN(replicas + 1)
	}
	if r.chance(0.1) {
		desired = 0
	}
	current := near(desired)
	available := near(desired)
	if r.chance(0.2) {
		available = 0
	}
	set := &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Name: name}}
	set.Spec.Replicas = new(int32)
	*set.Spec.Replicas = int32(desired)
	set.Status.Replicas = int32(current)
	set.Status.AvailableReplicas = int32(available)
	return set, []int32{int32(desired), int32(current), int32(available)}
}

func (r *random) weight() int {
	return pick(r, []int{0, 100, 1, 99, 50, 25, 33, 10, 20, r.IntN(101), r.IntN(101), r.IntN(101)})
}

func (r *random) fencepost() any {
	switch r.IntN(12) {
	case 0:
		return 0
	case 1:
		return pick(r, []string{"0", "0%", "25", "50", "100", "100%", "150%", "250%"})
	case 2, 3, 4, 5:
		return r.IntN(6)
	case 6:
		return r.IntN(40)
	case 7:
		if r.chance(0.7) {
			return r.IntN(3)
		}
		return pick(r, []string{"abc", "", "%", "1.5%", "-10%", "+25%", "2%5%", "1e1", " 25%", "0x10"})
	default:
		return fmt.Sprintf("%d%%", pick(r, []int{1, 10, 20, 25, 33, 34, 50, 66, 75, 99, r.IntN(101)}))
	}
}
