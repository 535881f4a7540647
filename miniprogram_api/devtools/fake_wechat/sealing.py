"""Safe mode of the push, the sender's side: sealed with the account's AES key and signed with its token."""

import base64
import hashlib
import json
from typing import Any
from urllib.parse import urlencode

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from miniprogram_api.devtools.fake_wechat.records import Push

BLOCK = 32
RANDOM = b"0123456789abcdef"


def seal(
    push: Push, *, appid: str, message: dict[str, Any], timestamp: str, nonce: str
) -> tuple[str, dict[str, str]]:
    """The query and the body of a push."""
    text = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
    sealed = encrypt(push.aes_key, text, appid=appid)
    query = {
        "signature": sign(push.token, timestamp, nonce),
        "timestamp": timestamp,
        "nonce": nonce,
        "openid": str(message["FromUserName"]),
        "encrypt_type": "aes",
        "msg_signature": sign(push.token, timestamp, nonce, sealed),
    }
    return urlencode(query), {"ToUserName": str(message["ToUserName"]), "Encrypt": sealed}


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
