"""The headers of the Guangdong and national gateways (x-tif, domain facts, 5), the same for what comes in and what goes out."""

import hashlib
import hmac

from signing.sm2 import sm3


def caller_signature(timestamp: str, token: str, nonce: str) -> str:
    """``x-tif-signature``: SHA-256 over timestamp, token, nonce and timestamp, hexadecimal. It covers no method and no body."""
    return hashlib.sha256(f"{timestamp}{token}{nonce}{timestamp}".encode()).hexdigest()


def body_signature(method: str, target: str, timestamp: str, nonce: str, body: bytes, token: str) -> str:
    """``x-tif-body-signature``, an extension of ours: HMAC-SM3 over the rest of the request, hexadecimal."""
    over = "\n".join((method, target, timestamp, nonce, sm3(body).hex()))
    return hmac.new(token.encode(), over.encode(), "sm3").hexdigest()


def signed_headers(caller: str, token: str, target: str, body: bytes, *, timestamp: str, nonce: str) -> dict[str, str]:
    """The headers of a POST to ``target`` (path with query)."""
    return {
        "x-tif-paasid": caller,
        "x-tif-timestamp": timestamp,
        "x-tif-nonce": nonce,
        "x-tif-signature": caller_signature(timestamp, token, nonce),
        "x-tif-body-signature": body_signature("POST", target, timestamp, nonce, body, token),
    }
