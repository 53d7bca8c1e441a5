"""The words of the human report: what each check looks at, what each name of the report means, in Chinese and English."""

from typing import NamedTuple

from gateway.domain.answers import FaceDifference
from gateway.domain.visible_text import visible
from signing.validation.report import ChangedObject, Conclusion, Indication, Trust


class Words(NamedTuple):
    """One text in both languages."""

    zh: str
    en: str

    def in_language(self, language: str) -> str:
        """The half for ``zh`` or ``en``."""
        return self.en if language == "en" else self.zh


def same(text: str) -> Words:
    """A text that is the same in both languages, such as a name or a number."""
    return Words(text, text)


SIGNATURE_KINDS = {
    "certification": Words("发证机关签名", "The authority's signature"),
    "seal": Words("印章签名", "The seal's signature"),
    "enterprise": Words("企业签名", "The enterprise's signature"),
    "document_timestamp": Words("文档时间戳", "Document time-stamp"),
    "approval": Words("签名", "Signature"),
}
CONCLUSIONS = {
    Conclusion.PASSED: Words("通过", "passed"),
    Conclusion.FAILED: Words("未通过", "failed"),
    Conclusion.INDETERMINATE: Words("无法确定", "undecided"),
    Conclusion.NOT_APPLICABLE: Words("未采用", "not used"),
}
INDICATIONS = {
    Indication.TOTAL_PASSED: Words("有效", "valid"),
    Indication.TOTAL_FAILED: Words("无效", "not valid"),
    Indication.INDETERMINATE: Words("无法确定", "undecided"),
}
TRUST = {
    Trust.EGOV_QUALIFIED: Words("由合格的电子政务认证机构签发", "issued by a qualified e-government authority"),
    Trust.TRUSTED: Words("由信任名单上的机构签发", "issued by an authority on the trust list"),
    Trust.NONE: Words("未能确认可信", "not confirmed as trusted"),
}
FACE_FIELDS = {
    "licence_number": Words("证照编号", "Licence number"),
    "holder_name": Words("持证主体", "Holder"),
    "holder_code": Words("统一社会信用代码", "Credit code"),
    "issued_on": Words("发证日期", "Issued on"),
    "valid_from": Words("有效期起", "Valid from"),
    "valid_until": Words("有效期至", "Valid until"),
}
_CHANGE_KINDS = {
    "added": Words("新增", "added"),
    "replaced": Words("替换", "replaced"),
    "removed": Words("删除", "removed"),
}
_OBJECTS = {
    "page": Words("页面", "page"),
    "page content": Words("页面内容", "page content"),
    "font": Words("字体", "font"),
    "image": Words("图像", "image"),
    "annotation": Words("批注", "annotation"),
    "form field": Words("表单域", "form field"),
    "catalog": Words("文档目录", "catalogue"),
}
_BLOCKS = {
    "format_checking": Words("格式", "Format"),
    "identification": Words("签名者证书", "Signer's certificate"),
    "validation_context": Words("核验依据", "Validation context"),
    "x509_certificate_validation": Words("证书", "Certificate"),
    "revocation_freshness": Words("吊销信息的时效", "Freshness of revocation data"),
    "revocation": Words("证书是否被吊销", "Revocation of the certificate"),
    "cryptographic_verification": Words("密码运算", "Cryptography"),
    "signature_acceptance": Words("算法强度", "Acceptance"),
    "past_signature_validation": Words("历史有效性", "Past validity"),
    "past_certificate_validation": Words("历史有效性", "Past validity"),
    "time_stamp": Words("时间戳", "Time-stamp"),
    "licence_code": Words("证照二维码", "Licence code"),
}
"""The building blocks of EN 319 102-1, 5.2, and what a check's name may begin with."""

_CHECKS = {
    "format_checking.byte_range": Words("签名覆盖的范围", "What the signature covers"),
    "format_checking.changes_after_signing": Words("签名之后有没有改动", "Changes after signing"),
    "format_checking.sub_filter": Words("签名的种类", "Kind of signature"),
    "format_checking.cms": Words("签名数据的结构", "Structure of the signature"),
    "identification.signing_certificate": Words("签名者的证书", "The signer's certificate"),
    "cryptographic_verification.message_digest": Words("内容与签名时一致", "Content as it was signed"),
    "cryptographic_verification.signature_value": Words("签名与证书相符", "Signature fits the certificate"),
    "signature_acceptance.cryptographic_constraints": Words("算法与密钥强度", "Algorithms and key sizes"),
    "signature_acceptance.digest": Words("摘要算法", "Digest algorithm"),
    "time_stamp.message_imprint": Words("时间戳对应本签名", "Time-stamp belongs to this signature"),
    "time_stamp.format": Words("时间戳的结构", "Structure of the time-stamp"),
    "time_stamp.order": Words("时间先后", "Order of times"),
    "x509_certificate_validation.path": Words("证书链", "Certificate chain"),
    "x509_certificate_validation.format": Words("证书的结构", "Structure of the certificate"),
    "x509_certificate_validation.validity": Words("证书有效期", "Validity of the certificate"),
    "x509_certificate_validation.key_usage": Words("证书用途", "Use of the certificate"),
    "x509_certificate_validation.revocation": Words("证书是否被吊销", "Revocation of the certificate"),
}


def check_words(name: str) -> Words:
    """What a check looks at; a check without a text of its own is named after its building block."""
    if name in _CHECKS:
        return _CHECKS[name]
    if name in _BLOCKS:
        return _BLOCKS[name]
    block, _, rest = name.partition(".")
    head = _BLOCKS.get(block)
    if head is None or not rest:
        return same(name.replace("_", " ").replace(".", " › "))
    below = _CHECKS.get(rest) or _BLOCKS.get(rest)
    if below is None:
        inner, _, last = rest.rpartition(".")
        plain = (last or rest).replace("_", " ")
        below = Words(f"{_BLOCKS[inner].zh} {plain}", plain) if inner in _BLOCKS else same(plain)
    return Words(f"{head.zh}：{below.zh}", f"{head.en}: {below.en[:1].lower()}{below.en[1:]}")


def changed_object(change: ChangedObject) -> Words:
    """One changed object in plain words."""
    kind = _CHANGE_KINDS.get(change.kind, same(visible(change.kind, 20)))
    what = _OBJECTS.get(change.what, same(visible(change.what, 40)))
    reference = visible(change.reference, 20)
    return Words(f"{kind.zh}{what.zh}（对象 {reference}）", f"{what.en} {kind.en} (object {reference})")


def difference(found: FaceDifference) -> Words:
    """One field on which the file and the register disagree."""
    field = FACE_FIELDS.get(found.field, same(found.field))
    return Words(
        f"{field.zh}：文件写“{found.presented}”，登记簿是“{found.registered}”",
        f"{field.en}: the file says “{found.presented}”, the register “{found.registered}”",
    )
