"""Mechanisms that every feature stands on; nothing here knows HTTP or a feature."""
