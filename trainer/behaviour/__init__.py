"""What a user did before: histories, their columns and their towers."""
