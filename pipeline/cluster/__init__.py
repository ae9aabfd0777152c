"""The section `kubeflow` of a configuration: what a cluster is given besides the pipeline."""
