"""Texts about the registry's doorbell."""

MESSAGES = {
    "registry.signature_refused": (
        "签名无效或已过期。",
        "The signature is not valid, or no longer.",
    ),
}
