"""The order of work: one configuration, one pipeline, thin runners, the command line."""
