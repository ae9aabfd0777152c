"""Whether predictions of tasks are good enough."""
