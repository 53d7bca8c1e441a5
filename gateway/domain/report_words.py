"""The words of the human report: what each check looks at, what each name of the report means, in Chinese and English."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from gateway.domain.parties import Parties
from gateway.domain.status import CHINA_STANDARD_TIME
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


@dataclass(frozen=True)
class Fact:
    """One line: what it is, and what was found."""

    label: Words
    text: Words


SIGNATURE_KINDS = {
    "certification": Words("发证机关签名", "The authority's signature"),
    "gateway": Words("网关的签名", "The gateway's signature"),
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
    "licence_identifier": Words("证照标识", "Licence identifier"),
    "licence_type": Words("证照类型", "Type"),
    "licence_number": Words("证照编号", "Licence number"),
    "holder_name": Words("持证主体", "Holder"),
    "holder_code": Words("统一社会信用代码", "Credit code"),
    "issuing_authority": Words("发证机关", "Issuing authority"),
    "issued_on": Words("发证日期", "Issued on"),
    "valid_from": Words("有效期起", "Valid from"),
    "valid_until": Words("有效期至", "Valid until"),
    "qr_code": Words("二维码", "QR code"),
    "status": Words("现在的状态", "Status now"),
}
"""What the fields of a face are called; another field is a line of the face and has its label for a name."""
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
    "resources": Words("资源", "resources"),
    "font file": Words("字体文件", "font file"),
    "page tree": Words("页面树", "page tree"),
    "form": Words("表单", "form"),
    "appearance": Words("外观", "appearance"),
    "names": Words("名称表", "names"),
    "attachment": Words("附件", "attachment"),
    "action": Words("动作", "action"),
    "optional content": Words("可选图层", "optional content"),
    "outline": Words("书签", "outline"),
    "metadata": Words("元数据", "metadata"),
    "document information": Words("文档信息", "document information"),
    "validation data": Words("核验数据", "validation data"),
    "permissions": Words("权限", "permissions"),
    "signature": Words("签名", "signature"),
    "document time-stamp": Words("文档时间戳", "document time-stamp"),
    "object": Words("对象", "object"),
    "object stream": Words("对象流", "object stream"),
    "cross-reference": Words("交叉引用表", "cross-reference"),
    "trailer": Words("文件尾", "trailer"),
    "bytes outside of every object": Words("对象之外的数据", "bytes outside of every object"),
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
    "validation_with_time": Words("签名时间", "Time of the signature"),
    "content_time_stamp": Words("内容时间戳", "Time-stamp on the content"),
    "seal": Words("电子印章", "Seal"),
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
    "identification.certificate_reference": Words("签名与证书的绑定", "Signature is bound to its certificate"),
    "format_checking.certification": Words("认证签名的许可", "What the certification allows"),
    "revocation.freshness": Words("吊销信息是否够新", "Freshness of revocation data"),
    "revocation.status": Words("证书是否被吊销", "Revocation of the certificate"),
    "signature_acceptance.algorithms": Words("算法与密钥强度", "Algorithms and key sizes"),
    "past_signature_validation.control_time": Words("签名时证书的有效性", "Certificate at the time of signing"),
    "validation_with_time.best_signature_time": Words("签名存在的时间", "Proven time of the signature"),
    "content_time_stamp.message_imprint": Words("内容时间戳对应本文件", "Content time-stamp belongs to this file"),
    "time_stamp.unit_validity": Words("时间戳机构证书的有效期", "Validity of the time-stamping unit"),
    "seal.algorithms": Words("印章的算法", "Algorithms of the seal"),
    "seal.maker_certificate": Words("制章人证书", "Certificate of the seal's maker"),
    "seal.signature": Words("制章人的签名", "Signature of the seal's maker"),
    "seal.signer": Words("签章人在印章名单内", "Signer is on the seal's list"),
    "seal.time_stamp_order": Words("签章与时间戳的先后", "Order of seal and time-stamp"),
    "seal.validity": Words("印章有效期", "Validity of the seal"),
    "seal.version": Words("印章的版本", "Version of the seal"),
    "x509_certificate_validation.algorithms": Words("证书链的算法", "Algorithms of the chain"),
    "x509_certificate_validation.basic_constraints": Words("签发者有权签发", "Issuer may issue certificates"),
    "x509_certificate_validation.path_length": Words("证书链长度", "Length of the chain"),
    "x509_certificate_validation.name_constraints": Words("名称限制", "Name constraints"),
    "x509_certificate_validation.critical_extensions": Words("证书的关键扩展", "Critical extensions"),
    "x509_certificate_validation.extended_key_usage": Words("证书的扩展用途", "Extended use of the certificate"),
    "x509_certificate_validation.required_extended_key_usage": Words(
        "策略要求的证书用途", "Use that the policy asks for"
    ),
    "x509_certificate_validation.required_trust": Words("策略要求的信任级别", "Trust that the policy asks for"),
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


def china_time(value: datetime) -> Words:
    """An instant as people in China read it, the zone named."""
    text = value.astimezone(CHINA_STANDARD_TIME).strftime("%Y-%m-%d %H:%M:%S")
    return Words(f"{text}（北京时间）", f"{text} (China time)")


def party_facts(parties: Parties) -> Iterator[Fact]:
    """Issued by A, accepted by B."""
    for label, party in (
        (Words("签发", "Issued by"), parties.issued_by),
        (Words("签收", "Accepted by"), parties.accepted_by),
    ):
        if party is not None:
            code = visible(party.unified_social_credit_code or "")
            yield Fact(label, same(" ".join(filter(None, (visible(party.name), code)))))
