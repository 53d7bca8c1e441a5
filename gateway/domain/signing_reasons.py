"""Why a signature by an electronic business licence is not taken: one code, in words for both readers."""

from collections.abc import Mapping
from enum import StrEnum

from gateway.domain.holder_certificates import HOLDER_CERTIFICATE_WORDS


class SigningReason(StrEnum):
    """What is wrong with an answer or a request; what is wrong with a certificate, ``HolderCertificateReason`` says."""

    WRONG_ROLE = "WRONG_ROLE"
    WRONG_SIGNER = "WRONG_SIGNER"
    AUTHORISATION_MISSING = "AUTHORISATION_MISSING"
    AUTHORISATION_INVALID = "AUTHORISATION_INVALID"
    AUTHORISATION_EXPIRED = "AUTHORISATION_EXPIRED"
    AUTHORISATION_OTHER_PURPOSE = "AUTHORISATION_OTHER_PURPOSE"
    REQUEST_EXPIRED = "REQUEST_EXPIRED"
    MALFORMED_SIGNATURE = "MALFORMED_SIGNATURE"
    WRONG_USER_ID = "WRONG_USER_ID"
    OTHER_DIGEST = "OTHER_DIGEST"
    REPLAYED = "REPLAYED"
    SIGNATURE_WRONG = "SIGNATURE_WRONG"
    DOCUMENT_ALTERED = "DOCUMENT_ALTERED"
    CANCELLED = "CANCELLED"
    TOO_MANY_REFUSALS = "TOO_MANY_REFUSALS"


REASON_WORDS: dict[SigningReason, tuple[str, str]] = {
    SigningReason.WRONG_ROLE: ("签名人的身份与请求不符。", "The request asks for a signer in another role."),
    SigningReason.WRONG_SIGNER: (
        "签名人不是登记的法定代表人，或不是授权书指明的人。",
        "The signer is not the legal representative of the register, or not the person whom the authorisation names.",
    ),
    SigningReason.AUTHORISATION_MISSING: (
        "请求要求提交授权书，但没有提交。",
        "The request asks for an authorisation, and none was handed over.",
    ),
    SigningReason.AUTHORISATION_INVALID: (
        "授权书无效：格式、签名、授权人或授权链不符合要求。",
        "The authorisation does not hold: its form, its signature, who gave it, or what it rests on.",
    ),
    SigningReason.AUTHORISATION_EXPIRED: (
        "授权书不在有效期内。",
        "The authorisation is not in force now.",
    ),
    SigningReason.AUTHORISATION_OTHER_PURPOSE: (
        "授权书不包括本次用途或发起部门。",
        "The authorisation is for another purpose or another department.",
    ),
    SigningReason.REQUEST_EXPIRED: ("签名请求已过期。", "The signing request is expired."),
    SigningReason.MALFORMED_SIGNATURE: (
        "签名值格式错误，不是规范的 DER 编码。",
        "The signature is malformed: no strict DER.",
    ),
    SigningReason.WRONG_USER_ID: (
        "签名使用了错误的用户标识，应为 1234567812345678（GM/T 0009）。",
        "The signature was made with another user ID than 1234567812345678 (GM/T 0009).",
    ),
    SigningReason.OTHER_DIGEST: (
        "签名针对的是另一份文件或另一个请求。",
        "The signature is over another document or another request.",
    ),
    SigningReason.REPLAYED: ("该签名已在另一请求中使用过。", "The signature was used in another request before."),
    SigningReason.SIGNATURE_WRONG: (
        "签名值与文件和证书不符。",
        "The signature does not fit the document and the certificate.",
    ),
    SigningReason.DOCUMENT_ALTERED: (
        "待签文件在存储中被改动，请求不能完成。",
        "The document was altered in storage after it was prepared; the request cannot be completed.",
    ),
    SigningReason.CANCELLED: ("请求已由发起方撤回。", "Who asked took the request back."),
    SigningReason.TOO_MANY_REFUSALS: (
        "不符合要求的签名次数过多。",
        "Too many answers that do not hold.",
    ),
}


REFUSAL_WORDS: Mapping[str, tuple[str, str]] = {
    **{code.value: words for code, words in HOLDER_CERTIFICATE_WORDS.items()},
    **{code.value: words for code, words in REASON_WORDS.items()},
}
"""Chinese and English of every code with which a signature may be refused, or a request may end."""


def sentence(code: str) -> str:
    """A code in Chinese, then in English."""
    return "".join(REFUSAL_WORDS[code])
