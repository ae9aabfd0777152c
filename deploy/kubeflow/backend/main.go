// Command backend compiles a pipeline and its platform, two files of JSON, to an Argo workflow with
// Kubeflow's own backend compiler. Its source is copied into a checkout of kubeflow/pipelines:
// that repository's own command takes no platform.
package main

import (
	"fmt"
	"os"

	"github.com/kubeflow/pipelines/api/v2alpha1/go/pipelinespec"
	"github.com/kubeflow/pipelines/backend/src/v2/compiler/argocompiler"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"sigs.k8s.io/yaml"
)

func main() {
	if err := compile(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func compile(specPath, platformPath string) error {
	spec, platform := &pipelinespec.PipelineSpec{}, &pipelinespec.PlatformSpec{}
	document := &structpb.Struct{}
	// Strictly, as the API server reads them: an unknown field is an error.
	for path, message := range map[string]proto.Message{specPath: spec, platformPath: platform} {
		if err := read(path, message); err != nil {
			return err
		}
	}
	if err := read(specPath, document); err != nil {
		return err
	}
	job := &pipelinespec.PipelineJob{Name: spec.GetPipelineInfo().GetName(), PipelineSpec: document}
	workflow, err := argocompiler.Compile(job, platform.GetPlatforms()["kubernetes"], nil)
	if err != nil {
		return err
	}
	text, err := yaml.Marshal(workflow)
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(text)
	return err
}

func read(path string, message proto.Message) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := protojson.Unmarshal(text, message); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
