"""The wire formats of identity: members and staff."""
