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
    text = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
    content = RANDOM + len(text).to_bytes(4, "big") + text + appid.encode()
    count = BLOCK - len(content) % BLOCK
    key = base64.b64decode(push.aes_key + "=")
    sealing = Cipher(algorithms.AES256(key), modes.CBC(key[:16])).encryptor()
    sealed = base64.b64encode(sealing.update(content + bytes([count]) * count) + sealing.finalize()).decode()
    signed = "".join(sorted((push.token, timestamp, nonce, sealed)))
    query = {
        "signature": _sha1("".join(sorted((push.token, timestamp, nonce)))),
        "timestamp": timestamp,
        "nonce": nonce,
        "openid": str(message["FromUserName"]),
        "encrypt_type": "aes",
        "msg_signature": _sha1(signed),
    }
    return urlencode(query), {"ToUserName": str(message["ToUserName"]), "Encrypt": sealed}


def _sha1(text: str) -> str:
    return hashlib.sha1(text.encode()).hexdigest()  # noqa: S324  WeChat's choice
