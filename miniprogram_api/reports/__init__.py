"""Figures across features, for staff: read-only and without personal data.

It reads the tables of visits and sites itself: a sum over both is no question either could answer. That is
the one exception to the rule that a feature's models are its own.
"""
