// Command podcheck asks Kubernetes' own validation about the pods on its standard input, a JSON
// list: what an API server would refuse is told, one line each, and the exit code is 1. With
// -restricted it asks the Pod Security Standard of that name too.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"

	v1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/pkg/api/pod"
	"k8s.io/kubernetes/pkg/apis/core"
	corev1 "k8s.io/kubernetes/pkg/apis/core/v1"
	"k8s.io/kubernetes/pkg/apis/core/validation"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

func main() {
	restricted := flag.Bool("restricted", false, "ask the restricted Pod Security Standard too")
	flag.Parse()
	decoder := json.NewDecoder(os.Stdin)
	decoder.DisallowUnknownFields()
	var pods []v1.Pod
	if err := decoder.Decode(&pods); err != nil {
		fmt.Println("not a list of pods:", err)
		os.Exit(1)
	}
	faults := 0
	for i := range pods {
		for _, fault := range validate(&pods[i], *restricted) {
			fmt.Printf("%s: %s\n", pods[i].Name, fault)
			faults++
		}
	}
	fmt.Printf("%d pods, %d faults\n", len(pods), faults)
	if faults > 0 || len(pods) == 0 {
		os.Exit(1)
	}
}

// validate returns what an API server says of a pod, after it has filled in the defaults.
func validate(given *v1.Pod, restricted bool) []string {
	if given.Namespace == "" {
		given.Namespace = "default" // as of the request
	}
	corev1.SetObjectDefaults_Pod(given)
	var internal core.Pod
	if err := corev1.Convert_v1_Pod_To_core_Pod(given, &internal, nil); err != nil {
		return []string{err.Error()}
	}
	var faults []string
	options := pod.GetValidationOptionsFromPodSpecAndMeta(&internal.Spec, nil, &internal.ObjectMeta, nil)
	for _, fault := range validation.ValidatePodCreate(&internal, options) {
		faults = append(faults, fault.Error())
	}
	if !restricted {
		return faults
	}
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks())
	if err != nil {
		return append(faults, err.Error())
	}
	level := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	for _, result := range evaluator.EvaluatePod(level, &given.ObjectMeta, &given.Spec) {
		if !result.Allowed {
			faults = append(faults, result.ForbiddenReason+": "+result.ForbiddenDetail)
		}
	}
	return faults
}
