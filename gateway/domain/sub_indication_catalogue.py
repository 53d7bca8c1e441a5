"""Every sub-indication of EN 319 102-1 (table 6) in plain words, with what the reader can do: data, and the one place."""

from gateway.domain.reasons import Reason
from signing.validation.report import SubIndication

_ASK = ("请向签名者或发证机关查询。", "Ask the signer or the issuing authority.")
_DO_NOT_RELY = (
    "不要采用此文件，请索取原件，或扫描证照上的二维码核对。",
    "Do not rely on this file; ask for the original or scan the code on the licence.",
)
_OTHER_TOOL = (
    "请更新核验软件后再试，或使用签名软件厂商提供的工具。",
    "Try again with newer software, or with the tool of the maker of the signature.",
)

_TABLE: dict[SubIndication, tuple[str, str, tuple[str, str]]] = {
    SubIndication.FORMAT_FAILURE: (
        "签名的结构不合规范，不能算作有效的签名。",
        "The signature is not built as the standards ask, so it cannot count as one.",
        _DO_NOT_RELY,
    ),
    SubIndication.HASH_FAILURE: (
        "签名之后，被签名的内容改动过。",
        "What was signed was changed after signing.",
        _DO_NOT_RELY,
    ),
    SubIndication.SIG_CRYPTO_FAILURE: (
        "签名值与证书中的公钥不符，不是这个签名者签的。",
        "The signature does not fit the key in the certificate; this signer did not make it.",
        _DO_NOT_RELY,
    ),
    SubIndication.REVOKED: (
        "签名时，签名证书已经被吊销。",
        "The signer's certificate was already revoked at the time of signing.",
        _DO_NOT_RELY,
    ),
    SubIndication.EXPIRED: (
        "签名时，签名证书已经过期。",
        "The signer's certificate had already expired at the time of signing.",
        _ASK,
    ),
    SubIndication.NOT_YET_VALID: (
        "签名时，签名证书尚未生效。",
        "The signer's certificate was not valid yet at the time of signing.",
        _ASK,
    ),
    SubIndication.SIG_CONSTRAINTS_FAILURE: (
        "签名的属性不满足核验策略的要求。",
        "The signature's attributes do not meet the validation policy.",
        _ASK,
    ),
    SubIndication.CHAIN_CONSTRAINTS_FAILURE: (
        "证书链不满足核验策略的要求，例如证书不是为签名签发的。",
        "The certificate chain does not meet the policy; the certificate may not be meant for signing.",
        _ASK,
    ),
    SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE: (
        "证书链有错误，无法核验。",
        "The certificate chain is faulty and could not be checked.",
        _ASK,
    ),
    SubIndication.CRYPTO_CONSTRAINTS_FAILURE: (
        "使用的算法或密钥强度在签名时已不可靠。",
        "An algorithm or key size was no longer reliable at the time of signing.",
        _ASK,
    ),
    SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE: (
        "使用的算法或密钥强度现在不可靠，也不能证明签名是在它可靠时作出的。",
        "An algorithm or key size is not reliable now, and nothing proves that it was when the signature was made.",
        _ASK,
    ),
    SubIndication.POLICY_PROCESSING_ERROR: (
        "签名所声明的签名策略无法处理。",
        "The signature policy that the signature names could not be processed.",
        _OTHER_TOOL,
    ),
    SubIndication.SIGNATURE_POLICY_NOT_AVAILABLE: (
        "签名所声明的签名策略无法取得。",
        "The signature policy that the signature names is not to be had.",
        _ASK,
    ),
    SubIndication.TIMESTAMP_ORDER_FAILURE: (
        "时间戳的先后次序有矛盾。",
        "The time-stamps contradict each other in their order.",
        _ASK,
    ),
    SubIndication.NO_SIGNING_CERTIFICATE_FOUND: (
        "文件里没有签名者的证书，无法知道是谁签的。",
        "The signer's certificate is not in the file, so who signed is not known.",
        _ASK,
    ),
    SubIndication.NO_CERTIFICATE_CHAIN_FOUND: (
        "签名者的证书不是由信任名单上的机构签发的，无法确认是谁签的。",
        "The signer's certificate was not issued by anyone on the trust list, so who signed cannot be confirmed.",
        (
            "请通过证照上的二维码核验，或向发证机关查询。",
            "Check the QR code on the licence or ask the issuing authority.",
        ),
    ),
    SubIndication.REVOKED_NO_POE: (
        "签名证书已被吊销，不能证明签名是在吊销之前作出的。",
        "The signer's certificate is revoked, and nothing proves that it signed before that.",
        _ASK,
    ),
    SubIndication.REVOKED_CA_NO_POE: (
        "签发证书的机构的证书已被吊销，不能证明签名是在吊销之前作出的。",
        "A certificate of the issuer was revoked, and nothing proves that the signature was made before that.",
        _ASK,
    ),
    SubIndication.OUT_OF_BOUNDS_NO_POE: (
        "签名证书不在有效期内，不能证明签名是在有效期内作出的。",
        "The signer's certificate is out of its validity, and nothing proves that it signed within it.",
        _ASK,
    ),
    SubIndication.OUT_OF_BOUNDS_NOT_REVOKED: (
        "签名证书已过期；过期前没有被吊销，但不能证明签名是在有效期内作出的。",
        "The certificate has expired without being revoked, but nothing proves that it signed within its validity.",
        _ASK,
    ),
    SubIndication.REVOCATION_OUT_OF_BOUNDS_NO_POE: (
        "吊销信息的签名者的证书不在有效期内，吊销信息不能采用。",
        "Who signed the revocation data has a certificate out of its validity, so the data cannot be used.",
        ("请联网后再核验一次。", "Check again on line."),
    ),
    SubIndication.NO_POE: (
        "缺少证明，不能确定签名在证书失效之前就已存在。",
        "Nothing proves that the signature was there before its certificate lost its force.",
        _ASK,
    ),
    SubIndication.TRY_LATER: (
        "未能核实签名证书是否被吊销。",
        "Whether the signer's certificate was revoked could not be checked.",
        ("请稍后再试，或联网核验。", "Try again later, or check on line."),
    ),
    SubIndication.SIGNED_DATA_NOT_FOUND: (
        "找不到被签名的内容。",
        "What was signed could not be found.",
        ("请出示收到时的完整文件。", "Present the file complete, as you received it."),
    ),
    SubIndication.CUSTOM: (
        "签名的种类本系统不支持，无法核验。",
        "The signature is of a kind that cannot be checked here.",
        _OTHER_TOOL,
    ),
}


def explain(sub_indication: SubIndication) -> Reason:
    """What a sub-indication means, and the next step; its code is the sub-indication's name."""
    zh, en, (next_zh, next_en) = _TABLE[sub_indication]
    return Reason(sub_indication.value, zh, en, next_zh, next_en)
