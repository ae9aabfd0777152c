"""Rankers in closed form inside a network: late fusion with weights fitted on validation."""
