"""The pipeline on open-source Kubeflow Pipelines v2: one container step for each TFX node."""
