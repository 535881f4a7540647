"""Texts about reports of comparisons with the registry."""

MESSAGES = {
    "registry.objection_unsaid": (
        "提出异议时请说明理由（comment）。",
        "An objection says in comment what is wrong.",
    ),
}
