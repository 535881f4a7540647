"""Safe mode of the push, the sender's side: sealed with the account's AES key and signed with its token."""

import base64
import hashlib

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 32
RANDOM = b"0123456789abcdef"


def encrypt(aes_key: str, text: str, *, appid: str, random: bytes = RANDOM) -> str:
    """Sixteen bytes of chance, the length, the text and the appid, padded and encrypted."""
    raw = text.encode()
    content = random + len(raw).to_bytes(4, "big") + raw + appid.encode()
    count = BLOCK - len(content) % BLOCK
    key = base64.b64decode(aes_key + "=")
    sealing = Cipher(algorithms.AES256(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(sealing.update(content + bytes([count]) * count) + sealing.finalize()).decode()


def sign(*parts: str) -> str:
    """The signature of the token and what it vouches for."""
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()  # noqa: S324  WeChat's choice
