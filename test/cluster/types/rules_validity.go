package main

import (
	"encoding/json"
	"fmt"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/validation"
)

// validBase is the rollout that the patches of the validity cases change.
// test/decide/ruleCases.ts holds the same.
const validBase = `{
  "metadata": {"name": "web", "namespace": "shop"},
  "spec": {
    "replicas": 3,
    "selector": {"matchLabels": {"app": "web"}},
    "template": {
      "metadata": {"labels": {"app": "web"}},
      "spec": {"containers": [{"name": "web", "image": "web:1"}]}
    },
    "strategy": {
      "canary": {"maxSurge": 1, "maxUnavailable": 1, "steps": [{"setWeight": 20}, {"pause": {}}]}
    }
  }
}`

func list(items ...any) []any { return items }

func step(members object) object { return object{"steps": list(object{"setWeight": 10}, members)} }

func expression(key, operator string, values ...string) object {
	named := append([]string{}, values...)
	return object{"matchExpressions": list(object{"key": key, "operator": operator, "values": named})}
}

func experiment(template object) object {
	return object{"experiment": object{"templates": list(template)}}
}

func container(members object) object {
	all := object{"name": "web", "image": "web:1"}
	for name, value := range members {
		all[name] = value
	}
	return object{"containers": list(all)}
}

// mutations of parts of the spec: each is a merge patch, of which a case takes one or two.
func (r *random) mutation() object {
	canary := func(patch object) object { return object{"strategy": object{"canary": patch}} }
	pod := func(patch object) object { return object{"template": object{"spec": patch}} }
	labels := func(patch object) object { return object{"template": object{"metadata": patch}} }
	selector := func(patch any) object { return object{"selector": patch} }
	number := func() any { return pick(r, []any{-1, 0, 1, 30, 600, 601, nil}) }
	switch r.IntN(21) {
	case 0:
		return object{pick(r, []string{"replicas", "revisionHistoryLimit"}): number()}
	case 1, 2:
		return object{pick(r, []string{"minReadySeconds", "progressDeadlineSeconds"}): number()}
	case 3:
		return selector(pick(r, []any{
			nil, object{"matchLabels": nil}, object{"matchLabels": object{"app": "api"}},
			object{"matchLabels": object{"tier": "a"}}, object{"matchLabels": object{"a b": "c"}},
			object{"matchLabels": object{"app": nil, "x": "-y"}},
		}))
	case 4, 5:
		return selector(pick(r, []object{
			expression("app", "In", "web"), expression("app", "In", "api"), expression("app", "NotIn", "web"),
			expression("app", "Exists"), expression("app", "DoesNotExist"), expression("tier", "Exists"),
			expression("tier", "DoesNotExist"), expression("app", "In"), expression("app", "Exists", "x"),
			expression("app", "in", "web"), expression("app", "", "web"), expression("", "Exists"),
			expression("tier", "NotIn", "a"), expression("a b", "Exists"), expression("app", "In", "web", "-"),
		}))
	case 6:
		return labels(pick(r, []object{
			{"labels": nil}, {"labels": object{"app": nil}}, {"labels": object{"app": "api"}},
			{"labels": object{"tier": "a"}}, {"labels": object{"bad key": "x"}}, {"labels": object{"v": "-x-"}},
			{"annotations": object{"bad key": "x"}}, {"annotations": object{"note": "any thing"}},
		}))
	case 7, 8:
		return pod(pick(r, []object{
			{"containers": list()}, {"containers": nil}, container(object{"name": ""}),
			container(object{"name": nil}), container(object{"name": "Web"}), container(object{"image": nil}),
			container(object{"image": ""}), container(object{"image": " web"}),
			container(object{"imagePullPolicy": "Sometimes"}), container(object{"imagePullPolicy": "Never"}),
			container(object{"ports": list(object{"containerPort": 80})}),
			container(object{"ports": list(object{"containerPort": 0})}),
			container(object{"resources": object{"limits": object{"cpu": "1"}, "requests": object{"cpu": "2"}}}),
			container(object{"env": list(object{"name": ""})}),
			{"containers": list(object{"name": "web", "image": "a"}, object{"name": "web", "image": "b"})},
			{"initContainers": list(object{"name": "web", "image": "a"})},
		}))
	case 9:
		return pod(pick(r, []object{
			{"restartPolicy": "Always"}, {"restartPolicy": "Never"}, {"restartPolicy": "OnFailure"},
			{"restartPolicy": "always"}, {"restartPolicy": ""}, {"activeDeadlineSeconds": 5},
			{"terminationGracePeriodSeconds": -1}, {"dnsPolicy": "Mine"}, {"hostNetwork": true},
			{"volumes": list(object{"name": "a"})}, {"nodeSelector": object{"a b": "c"}},
		}))
	case 10:
		return object{"strategy": pick(r, []any{
			object{"canary": nil}, object{"blueGreen": object{"activeService": "a"}},
			object{"canary": nil, "blueGreen": object{"activeService": "a"}}, nil,
		})}
	case 11, 12, 13:
		fenceposts := []any{0, 1, -1, "0", "0%", "00%", "25", "25%", "-5%", "abc", "", "150%", "1.5%", "+5%", nil}
		return canary(object{pick(r, []string{"maxSurge", "maxUnavailable"}): pick(r, fenceposts)})
	case 14:
		return canary(step(object{"setWeight": pick(r, []any{-1, 0, 1, 99, 100, 101, nil})}))
	case 15, 16:
		duration := any(pick(r, durations))
		if r.chance(0.3) {
			duration = pick(r, []any{-1, 0, 1, 60, nil})
		}
		return canary(step(object{"pause": object{"duration": duration}}))
	case 17:
		return canary(pick(r, []object{
			step(object{}), step(object{"setWeight": 10, "pause": object{}}), {"steps": list()}, {"steps": nil},
			step(object{"setCanaryScale": object{"weight": 10}}), step(object{"plugin": object{"name": "p"}}),
			step(object{"setWeight": 10, "setCanaryScale": object{"weight": 10}}),
			step(object{"setWeight": 10, "plugin": object{"name": "p"}}),
			step(object{"setHeaderRoute": object{"name": "h"}}), step(object{"setMirrorRoute": object{"name": "m"}}),
			step(object{"analysis": object{"templates": list(object{"templateName": "t"})}}),
			step(object{"analysis": object{}, "experiment": object{"templates": list()}}),
			step(experiment(object{"name": "e", "specRef": "stable"})),
			step(experiment(object{"name": "e", "specRef": "stable", "weight": 5})),
			step(object{"pause": object{}, "setMirrorRoute": object{"name": "m"}}),
		}))
	case 18:
		preferred := "preferredDuringSchedulingIgnoredDuringExecution"
		required := "requiredDuringSchedulingIgnoredDuringExecution"
		return canary(object{"antiAffinity": pick(r, []object{
			{}, {required: object{}}, {preferred: object{}}, {preferred: object{"weight": 0}},
			{preferred: object{"weight": 1}}, {preferred: object{"weight": 100}}, {preferred: object{"weight": 101}},
			{preferred: object{"weight": 5}, required: object{}}, {preferred: object{"weight": 0}, required: object{}},
		})})
	case 19:
		return canary(pick(r, []object{
			{"canaryService": "a", "stableService": "a"}, {"canaryService": "a", "stableService": "b"},
			{"canaryService": "", "stableService": ""}, {"canaryService": "a"}, {"scaleDownDelaySeconds": 0},
			{"scaleDownDelaySeconds": 30}, {"dynamicStableScale": true}, {"dynamicStableScale": false},
			{"abortScaleDownDelaySeconds": -1}, {"minPodsPerReplicaSet": -1},
			{"replicaProgressThreshold": object{"type": "Some", "value": 500}},
			{"pingPong": object{"pingService": "a", "pongService": "a"}},
			{"pingPong": object{"pingService": "a", "pongService": "b"}},
			{"canaryMetadata": object{"labels": object{"a b": "c"}}},
		}))
	default:
		return pick(r, []object{
			{"workloadRef": object{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}},
			{"workloadRef": object{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, "template": nil},
			{"workloadRef": object{"name": "web"}, "template": nil, "selector": nil},
			{"rollbackWindow": object{"revisions": -1}}, {"paused": true}, {"template": nil}, {"template": object{"spec": nil}},
			{"restartAt": "2026-01-31T12:00:00Z"}, {"progressDeadlineAbort": true},
		})
	}
}

// validityCase asks which fields Argo finds faulty.
func validityCase(r *random) (object, error) {
	patch := r.mutation()
	if r.chance(0.4) {
		patch = merge(patch, r.mutation()).(object)
	}
	text, err := json.Marshal(patch)
	if err != nil {
		return nil, err
	}
	var plain any
	if err := json.Unmarshal(text, &plain); err != nil {
		return nil, err
	}
	base := object{}
	if err := json.Unmarshal([]byte(validBase), &base); err != nil {
		return nil, err
	}
	base["spec"] = applyMerge(base["spec"], plain)
	var rollout v1alpha1.Rollout
	if err := throughController(base, &rollout); err != nil {
		return nil, err
	}
	paths := []string{}
	for _, fault := range faultsOf(&rollout) {
		if len(paths) < 3 {
			paths = append(paths, fault)
		}
	}
	return object{"spec": patch, "go": paths}, nil
}

// faultsOf is the path of each fault; a rollout that makes Argo panic counts as faulty.
func faultsOf(rollout *v1alpha1.Rollout) (paths []string) {
	defer func() {
		if trouble := recover(); trouble != nil {
			paths = []string{fmt.Sprintf("panic: %v", trouble)}
		}
	}()
	for _, fault := range validation.ValidateRollout(rollout) {
		paths = append(paths, fault.Field)
	}
	return paths
}

// merge joins two patches; the later one holds.
func merge(first, second any) any {
	left, isObject := first.(object)
	right, areObjects := second.(object)
	if !isObject || !areObjects {
		return second
	}
	merged := object{}
	for name, value := range left {
		merged[name] = value
	}
	for name, value := range right {
		merged[name] = merge(merged[name], value)
	}
	return merged
}

// applyMerge applies a merge patch: null removes, lists are replaced whole.
func applyMerge(target, patch any) any {
	changes, isObject := patch.(object)
	if !isObject {
		return patch
	}
	result := object{}
	if members, ok := target.(object); ok {
		for name, value := range members {
			result[name] = value
		}
	}
	for name, change := range changes {
		if change == nil {
			delete(result, name)
		} else {
			result[name] = applyMerge(result[name], change)
		}
	}
	return result
}
