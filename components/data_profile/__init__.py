"""A profile of a run's data: small, plain, and what the next run is compared with."""
