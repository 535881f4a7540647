"""Reads of feedback: for its member, for staff, and for who tells the member."""
