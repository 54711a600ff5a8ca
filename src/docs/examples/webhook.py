import base64
import hashlib
import hmac


def is_from_the_crm(headers: dict[str, str], body: bytes, secret: str) -> bool:
    """`body` is the request's body as it came: parsed and written again it is another text."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    return any(hmac.compare_digest(sent, expected) for sent in headers["webhook-signature"].split(" "))


def has_old_signature(headers: dict[str, str], body: bytes, secret: str) -> bool:
    """As receivers of the old events do it."""
    expected = hmac.digest(secret.encode(), body, hashlib.sha256).hex()
    return hmac.compare_digest(headers["x-webhook-signature"], expected)
