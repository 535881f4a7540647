"""The wire format of content."""
