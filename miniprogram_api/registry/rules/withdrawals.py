"""How a withdrawal is put into words, and whom it is told by telephone."""

from datetime import timedelta

# Visits so soon after a withdrawal that a message may be read too late.
CALLED_WITHIN = timedelta(hours=72)


def official_reason(doc_no: str | None) -> str:
    """The reason that is written on a cancelled booking: what the authority says, and nothing of ours."""
    return f"示范点已停止开放（依据：{doc_no}）" if doc_no else "示范点已停止开放"
