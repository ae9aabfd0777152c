"""What a pushed model is, for whoever uses it, and what it was made of."""

# Where a pushed version has its card; TF Serving reads nothing there but requests to warm up with.
FOLDER = "assets.extra"
LINEAGE = "lineage.json"
