"""Commands of identity by noun: members, their sessions, consents and personal data; staff and devices."""
