"""Where the data steps run: Beam on this machine, or on a cluster, by a setting."""
