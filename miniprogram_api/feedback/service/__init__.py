"""Commands of feedback: sending, checking, deciding, and forgetting in time."""
