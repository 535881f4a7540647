"""What operators run: the self-test of the invariants, reconciliation, backup, key rotation.

It looks across features on purpose, at their tables only, and changes nothing that a feature owns but
counters that disagree with their rows.
"""

from miniprogram_api.operations.cli import COMMANDS

__all__ = ["COMMANDS"]
