"""In-app messages: what a member must be told, kept where they will find it.

They are the truth about what was said to whom; other channels only repeat them.
"""
