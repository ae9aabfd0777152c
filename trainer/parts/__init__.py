"""What a network is built from: the parts of its fusion, and what it holds of users and items."""
