"""What partners may do, how long things count, and what a signed request signs.

A request is signed instead of carrying a token by `Authorization: HMAC-SHA256 client=…, ts=…, nonce=…,
signature=…`, the signature being the base64 of an HMAC over seven lines: the scheme itself, method, path,
query sorted by name and value, the body's hash in hex, ts (seconds since 1970) and nonce. The scheme names
hash and MAC, so another algorithm is another entry of ALGORITHMS.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, unquote

PARTNER_SCOPES: Mapping[str, str] = MappingProxyType(
    {
        "projects.read": "compare the project records held here: digests and reconciliation reports",
        "corrections.write": "answer corrections that were asked for",
        "events.write": "ring the doorbell, and manage the subscriptions to events of ours",
        "engagement.read": "read engagement figures, site profiles and published content",
        "reconciliation.write": "accept a reconciliation report, or object to it",
    }
)

TOKEN_LIFE = timedelta(minutes=10)
# The one setting that the others follow from: how far two clocks may differ.
TOLERANCE = timedelta(seconds=300)
LEEWAY = timedelta(seconds=60)
RETRY_HORIZON = timedelta(days=7)
# What counted once is remembered for longer than it could count, and than anybody still delivers it again.
KEEP_USED = max(TOLERANCE + LEEWAY, RETRY_HORIZON)
ASSERTION_LIFE = timedelta(hours=1)
MOST_KEYS = 2

CLIENT_ID = re.compile(r"[a-z0-9][a-z0-9._-]{2,63}")
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----", re.ASCII)
_BETWEEN_COLONS = re.compile(r":([A-Za-z0-9+/]+=*):", re.ASCII)
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_NONCE = re.compile(r"[A-Za-z0-9._~+/=-]{16,64}")
_PARAMETER = re.compile(r'\s*(client|ts|nonce|signature)=(?:"([^"\\]{1,200})"|([^\s",]{1,200}))\s*')
_JWK_MEMBERS = {"RSA": {"n", "e"}, "EC": {"crv", "x", "y"}}
_BASE64 = re.compile(r"[A-Za-z0-9_-]{1,1500}")
_LEAST_RSA_BITS = 2048

ALGORITHMS: Mapping[str, Callable[..., Any]] = MappingProxyType({"HMAC-SHA256": hashlib.sha256})


@dataclass(frozen=True, slots=True)
class SignedCall:
    """What the header of a signed request says."""

    scheme: str
    client_id: str
    ts: int
    nonce: str
    signature: bytes

    def is_timely(self, now: datetime) -> bool:
        """Whether it was signed close enough to now, before or after."""
        return abs(now.timestamp() - self.ts) <= TOLERANCE.total_seconds()


@dataclass(frozen=True, slots=True)
class Request:
    """What of a request is signed; path and query as they are understood, not as they were escaped."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    body: bytes


def read_signed_call(scheme: str, parameters: str) -> SignedCall | None:
    """The header's four parameters, each once; None for anything else."""
    found: dict[str, str] = {}
    for part in parameters.split(","):
        match = _PARAMETER.fullmatch(part)
        if match is None or match[1] in found:
            return None
        found[match[1]] = match[2] or match[3]
    if found.keys() != {"client", "ts", "nonce", "signature"} or not re.fullmatch(
        r"[0-9]{9,11}", found["ts"]
    ):
        return None
    if _NONCE.fullmatch(found["nonce"]) is None:
        return None
    try:
        signature = base64.b64decode(found["signature"], validate=True)
    except (binascii.Error, ValueError):
        return None
    return SignedCall(scheme, found["client"], int(found["ts"]), found["nonce"], signature)


def signed_text(request: Request, *, scheme: str, ts: int, nonce: str) -> bytes:
    """The seven lines that a signature is made over."""
    pairs = sorted((quote(name, safe="-._~"), quote(value, safe="-._~")) for name, value in request.query)
    query = "&".join(f"{name}={value}" for name, value in pairs)
    body_hash = ALGORITHMS[scheme](request.body).hexdigest()
    path = quote(request.path, safe="/-._~")
    return "\n".join([scheme, request.method, path, query, body_hash, str(ts), nonce]).encode()


def signature_of(request: Request, *, scheme: str, ts: int, nonce: str, secret: bytes) -> bytes:
    """What a client that holds the secret would send."""
    return hmac.digest(secret, signed_text(request, scheme=scheme, ts=ts, nonce=nonce), ALGORITHMS[scheme])


def is_signed_by(secrets: Iterable[bytes], call: SignedCall, request: Request) -> bool:
    """Whether any of the secrets made the signature; takes as long whichever did."""
    matches = [
        hmac.compare_digest(
            signature_of(request, scheme=call.scheme, ts=call.ts, nonce=call.nonce, secret=secret),
            call.signature,
        )
        for secret in secrets
    ]
    return any(matches)


def comes_from(address: str | None, allowed_networks: Sequence[str]) -> bool:
    """Whether an address lies in one of the networks; nothing listed means anywhere."""
    if not allowed_networks:
        return True
    try:
        caller = ip_address(address or "")
    except ValueError:
        return False
    caller = getattr(caller, "ipv4_mapped", None) or caller
    return any(caller in ip_network(network) for network in allowed_networks)


def is_network(text: str) -> bool:
    """Whether this is an address or a network as `10.20.0.0/16`."""
    try:
        ip_network(text)
    except ValueError:
        return False
    return True


def normal_fingerprint(text: str) -> str | None:
    """A certificate's SHA-256 as 64 hexadecimal digits, however it was written; None if it is none."""
    plain = text.strip().lower().removeprefix("sha256:").replace(":", "")
    return plain if _FINGERPRINT.fullmatch(plain) else None


def certificate_shown(text: str) -> str | None:
    """The SHA-256 of the certificate in a proxy's header; None if there is none.

    Some proxies give it themselves. Others give the certificate: in PEM with percent signs, as nginx does
    (`$ssl_client_escaped_cert`), or as RFC 9440 has it, in base64 between colons.
    """
    pem = _PEM.fullmatch(unquote(text).strip())
    inside = pem or _BETWEEN_COLONS.fullmatch(text.strip())
    if inside is None:
        return normal_fingerprint(text)
    try:
        return hashlib.sha256(base64.b64decode("".join(inside[1].split()), validate=True)).hexdigest()
    except binascii.Error:
        return None


def masked(fingerprint: str | None) -> str | None:
    """Enough of a fingerprint to tell keys apart."""
    return None if fingerprint is None else f"{fingerprint[:8]}…{fingerprint[-4:]}"


def narrowed(asked: str | None, held: Sequence[str]) -> list[str] | None:
    """The scopes of a token: all that are held, or those asked for; None when one of these is not held."""
    if not asked:
        return sorted(held)
    wanted = set(asked.split())
    return sorted(wanted) if wanted and wanted <= set(held) else None


def public_part(jwk: object) -> dict[str, str] | None:
    """A public RSA key (2048 bits or more) or one on P-256, with nothing that is not public; else None."""
    kty = jwk.get("kty") if isinstance(jwk, dict) else None
    if not isinstance(jwk, dict) or not isinstance(kty, str) or kty not in _JWK_MEMBERS:
        return None
    kept = {name: jwk.get(name) for name in _JWK_MEMBERS[kty]}
    if not all(isinstance(value, str) and _BASE64.fullmatch(value) for value in kept.values()):
        return None
    private = {"d", "p", "q", "dp", "dq", "qi", "k", "oth"} & jwk.keys()
    if private or (kty == "EC" and kept["crv"] != "P-256"):
        return None
    if kty == "RSA" and _bits(str(kept["n"])) < _LEAST_RSA_BITS:
        return None
    return {"kty": kty, **{name: str(value) for name, value in sorted(kept.items())}}


def _bits(number: str) -> int:
    try:
        raw = base64.urlsafe_b64decode(number + "=" * (-len(number) % 4))
    except (binascii.Error, ValueError):
        return 0
    return int.from_bytes(raw, "big").bit_length()
