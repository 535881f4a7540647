"""What can go wrong with content."""
