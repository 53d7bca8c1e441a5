"""Verification reports to set: real validations of real files, and what an attacker might write into one."""

from dataclasses import replace
from datetime import timedelta
from functools import cache

from gateway.domain.face_comparison import FaceDifference
from gateway.domain.verification import RegistryFinding, RegistryStatus
from gateway.services.file_validation import validate_file
from signing.pades import sign_prepared
from signing.validation.report import ChangedObject, Changes, Check, Conclusion, SignerIdentity, SubIndication
from tests.pki import NOW, make_pki, make_stranger
from tests.unit.signing.pki import prepared_pdf

EVIL = "x<script>alert(1)</script>\u202efdp.exe\u0000\u0007&quot;'\"]]>\ufffe\U000e0041" + "长" * 400
NUMBER = "20260101-674B96A68492-7QK3M2P5X4RT9VBC"
IN_FORCE = RegistryFinding(
    RegistryStatus.FOUND, "1.2.156.3005.2.11441700000000019L016.11441702G00007401N.SQ1NFPDG7UJTGD64589F.001.S", "valid"
)
UNASKED = RegistryFinding(RegistryStatus.NOT_CHECKED)


class Here:
    """Stands in for the pool of workers: what reports look like does not hang on who read the file."""

    @staticmethod
    def run(function, *arguments, **named):
        return function(*arguments, **named)


def _validated(data, registry, *, pki=None, name="食品经营许可证.pdf"):
    policy = (pki or make_pki()).policy()
    return replace(validate_file(data, name, policy, lambda _: registry, at=NOW, workers=Here()), report_number=NUMBER)


@cache
def signed():
    pki = make_pki()
    return sign_prepared(prepared_pdf(), pki.leaf(), timestamps=pki.unit(NOW - timedelta(hours=1)))


@cache
def genuine():
    return _validated(signed(), IN_FORCE)


@cache
def changed():
    report = _validated(signed() + b"\n% more", IN_FORCE)
    objects = (
        ChangedObject("12 0", "replaced", "page content", (1,)),
        ChangedObject("31 0", "added", "font", (1, 3)),
        *(ChangedObject(f"{n} 0", "added", "annotation", (2,)) for n in range(40, 50)),
    )
    first = replace(report.signatures[0], changed_objects=objects, changes_after_signing=Changes.FORBIDDEN)
    return replace(report, signatures=(first,))


@cache
def undecided():
    return replace(_validated(sign_prepared(prepared_pdf(), make_stranger().leaf()), UNASKED), report_number=None)


@cache
def unsigned():
    return replace(genuine(), signatures=())


@cache
def hostile():
    """Every text that comes from a file, written by an attacker."""
    report = genuine()
    first = replace(
        report.signatures[0],
        name=EVIL,
        algorithm=EVIL,
        sub_filter=EVIL,
        signer=SignerIdentity(EVIL, EVIL, EVIL),
        changed_objects=(ChangedObject(EVIL, EVIL, EVIL, (1,)),),
        checks=(Check("format_checking.cms", Conclusion.INDETERMINATE, EVIL, SubIndication.FORMAT_FAILURE),),
    )
    registry = replace(IN_FORCE, differences=(FaceDifference("holder_name", EVIL, "某某公司"),))
    return replace(
        report,
        document=replace(report.document, file_name=EVIL),
        signatures=(first,),
        registry=registry,
        policy_name=EVIL,
    )


@cache
def many():
    """Nine signatures of someone with a very long name."""
    report = genuine()
    name = "内蒙古自治区呼伦贝尔市莫力达瓦达斡尔族自治旗尼尔基镇人民政府便民服务中心（退役军人服务站）综合行政执法局"
    signatures = tuple(
        replace(
            report.signatures[0],
            name=f"Signature{n}",
            kind=("approval", "seal", "enterprise")[n % 3],
            signer=SignerIdentity(name, name + "办公室", "11441702G00007401N"),
        )
        for n in range(9)
    )
    return replace(report, signatures=signatures)


ALL = {
    "genuine": genuine,
    "changed": changed,
    "undecided": undecided,
    "unsigned": unsigned,
    "hostile": hostile,
    "many": many,
}
