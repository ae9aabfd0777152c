"""Full-catalogue ranking of the test users, against the baselines."""
