"""Reads of visits for screens, one module per noun."""
