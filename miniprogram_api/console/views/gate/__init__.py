"""The gate: its page for a tablet or phone at the door, pairing a tablet, and the conflicts of gates."""

from miniprogram_api.console.views.gate import conflicts, door, pairing

__all__ = ["conflicts", "door", "pairing"]
