"""Reads of content: for the desk, for members, and for the features above."""
