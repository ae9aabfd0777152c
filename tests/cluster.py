"""The configuration of a cluster."""

CONFIG = {
    "dataset": "demo",
    "root": "/tessera",
    "kubeflow": {
        "image": "registry.example/tessera:1",
        "image_pull_secrets": ["registry"],
        "volumes": [{"claim": "tessera", "path": "/tessera"}],
        "metadata": {"kind": "mysql", "host": "mysql", "user": "tessera",
                     "password": {"secret": "tessera-db", "key": "password"}},
        "secrets": [{"secret": "proxy", "key": "url", "env": "HTTPS_PROXY"}],
        "labels": {"team": "shop"},
        "annotations": {"sidecar.istio.io/inject": "false"},
        "security_context": {"run_as_user": 10001, "run_as_non_root": True},
        "steps": {
            "default": {"cpu": "500m", "memory": "2Gi", "timeout_s": 3600, "retries": 1},
            "Transform": {"memory": "4Gi"},
            "Transform.items": {"memory": "8Gi"},
            "Trainer": {"cpu": 2, "memory": "8Gi", "memory_limit": "16Gi", "gpus": 3,
                        "shm": "8Gi", "timeout_s": 604800,
                        "image": "registry.example/tessera:1-gpu",
                        "node_selector": {"gpu": "yes"},
                        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists",
                                         "effect": "NoSchedule"}]},
        },
    },
}
