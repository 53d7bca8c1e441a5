"""Certification paths (RFC 5280, 6.1; EN 319 102-1, 5.2.6): who may issue what, and who may sign what."""

from dataclasses import replace

from signing import der
from tests.corpus.case import case
from tests.corpus.documents import signed, with_evidence
from tests.corpus.makers.keys import Holder, ecdsa_pair, rsa_pair, rsa_sha1, sm2_pair
from tests.corpus.makers.x509 import (
    CA,
    CODE_SIGNING,
    CRL_SIGN,
    DAY,
    DIGITAL_SIGNATURE,
    EMAIL,
    KEY_CERT_SIGN,
    KEY_ENCIPHERMENT,
    OCSP_SIGNING,
    SIGNER,
    TIME_STAMPING,
    basic_constraints,
    directory_constraint,
    extended_key_usage,
    extension,
    key_usage,
    name,
)
from tests.pki import NOW

CERTIFYING = key_usage(KEY_CERT_SIGN, CRL_SIGN)
UNKNOWN_OID = "1.2.156.999999.1"


def _leaf_with(world, *extensions):
    return signed(world.leaf(extensions=extensions)).data


def _under(world, common_name, extensions, **options):
    """A licence signed under a CA of this kind, whose list is in order."""
    return signed(world.leaf(issuer=world.authority(common_name, extensions=extensions, **options))).data


@case
def good_ecdsa_signer_under_sm2(world):
    return signed(world.leaf(pair=ecdsa_pair())).data


@case
def good_four_deep(world):
    issuer = world.root
    for depth in range(3):
        issuer = world.authority(f"第{depth}层", issuer)
    return signed(world.leaf(issuer=issuer)).data


@case
def good_path_length_used_up(world):
    upper = world.authority("限一层", extensions=(basic_constraints(1), CERTIFYING))
    return signed(world.leaf(issuer=world.authority("末层", upper, extensions=(basic_constraints(0), CERTIFYING)))).data


@case
def good_key_usage_absent(world):
    """Without the extension every use is allowed (RFC 5280, 4.2.1.3)."""
    return _leaf_with(world)


@case
def good_content_commitment_only(world):
    return _leaf_with(world, key_usage(1))


@case
def good_unknown_extension(world):
    return _leaf_with(world, *SIGNER, extension(UNKNOWN_OID, der.NULL))


@case
def good_name_constraints_kept(world):
    """The CA may issue in this organisation only, and did."""
    permitted = directory_constraint(permitted=_organisation("阳江市江城区市场监督管理局"))
    return _under(world, "限名签发", (*CA, permitted))


@case
def good_intermediate_in_the_document(world):
    """The issuing certificate comes in the DSS instead of the CMS."""
    authority = world.authority("随附签发")
    bare = replace(world.leaf(issuer=authority), chain=())
    return with_evidence(signed(bare), certificates=(authority.certificate,)).data


@case
def good_cross_certified_loop(world):
    """Two CAs that certified each other, one of them under the root as well: paths must not run in circles."""
    one, two = world.authority("环一"), world.authority("环二")
    one_by_two = world.authority("环一", two, pair=one.pair)
    two_by_one = world.authority("环二", one, pair=two.pair)
    leaf = world.leaf(issuer=one)
    return signed(replace(leaf, chain=(one_by_two.certificate, two_by_one.certificate, one.certificate))).data


def _organisation(organisation):
    """The part of a directory name that a constraint is on."""
    parts = (("2.5.4.6", der.printable("CN")), ("2.5.4.10", der.utf8(organisation)))
    return der.sequence(*(der.set_of(der.sequence(der.oid(oid), value)) for oid, value in parts))


@case
def chain_name_constraints_permitted_broken(world):
    permitted = directory_constraint(permitted=_organisation("另一机关"))
    return _under(world, "限他名签发", (*CA, permitted))


@case
def chain_name_constraints_excluded_broken(world):
    excluded = directory_constraint(excluded=_organisation("阳江市江城区市场监督管理局"))
    return _under(world, "禁名签发", (*CA, excluded))


@case
def chain_path_length_exceeded(world):
    upper = world.authority("不得再设", extensions=(basic_constraints(0), CERTIFYING))
    return signed(world.leaf(issuer=world.authority("越级签发", upper))).data


@case
def chain_ca_without_basic_constraints(world):
    return _under(world, "无基本约束", (CERTIFYING,))


@case
def chain_ca_flag_false(world):
    return _under(world, "非机构", (basic_constraints(ca=False), CERTIFYING))


@case
def chain_ca_may_not_certify(world):
    """A CA whose key usage lacks keyCertSign."""
    return _under(world, "不得发证", (basic_constraints(), key_usage(CRL_SIGN)))


@case
def chain_signer_issues(world):
    """An ordinary signer plays CA."""
    return signed(world.leaf("冒名", world.leaf())).data


@case
def chain_version_one_ca(world):
    """A version 1 certificate has no extensions and cannot say that it is a CA."""
    return _under(world, "一版签发", (), version=0)


@case
def chain_unknown_critical_extension_in_the_signer(world):
    return _leaf_with(world, *SIGNER, extension(UNKNOWN_OID, der.NULL, critical=True))


@case
def chain_unknown_critical_extension_in_the_ca(world):
    return _under(world, "怪扩展签发", (*CA, extension(UNKNOWN_OID, der.NULL, critical=True)))


@case
def chain_key_usage_encipherment(world):
    return _leaf_with(world, key_usage(KEY_ENCIPHERMENT))


@case
def chain_key_usage_certifying(world):
    return _leaf_with(world, CERTIFYING)


@case
def chain_signed_by_the_ca_itself(world):
    return signed(world.ca).data


@case
def chain_signer_for_time_stamping(world):
    return _leaf_with(world, key_usage(DIGITAL_SIGNATURE), extended_key_usage(TIME_STAMPING))


@case
def chain_signer_for_ocsp(world):
    return _leaf_with(world, key_usage(DIGITAL_SIGNATURE), extended_key_usage(OCSP_SIGNING))


@case
def chain_signer_for_code(world):
    return _leaf_with(world, *SIGNER, extended_key_usage(CODE_SIGNING))


@case
def good_signer_for_mail(world):
    """The usual purpose of personal signing certificates."""
    return _leaf_with(world, *SIGNER, extended_key_usage(EMAIL, critical=False))


@case
def chain_of_a_stranger(world):
    return signed(world.stranger).data


@case
def chain_of_a_namesake_root(world):
    """A root with the very name of the trusted one and another key."""
    pair = sm2_pair()
    forged = Holder(pair, b"", world.root.name)
    authority = world.authority("冒根签发", forged)
    return signed(world.leaf(issuer=replace(authority, chain=()))).data


@case
def chain_signature_forged(world):
    """The signer's certificate names the CA as its issuer; the CA never signed it."""
    forged = replace(world.ca, pair=sm2_pair())
    return signed(world.leaf(issuer=forged)).data


@case
def chain_intermediate_missing(world):
    return signed(replace(world.leaf(issuer=world.authority("未随附")), chain=())).data


@case
def chain_ca_expired(world):
    return _under(world, "过期签发", CA, until=-DAY)


@case
def chain_too_long(world):
    issuer = world.root
    for depth in range(14):
        issuer = world.authority(f"长链{depth}", issuer)
    return signed(world.leaf(issuer=issuer), digits=40_000).data


@case
def chain_of_sixty_namesakes(world):
    """Sixty CAs with one name and one key, each certifying the others: paths multiply until the limit stops them."""
    pair = sm2_pair()
    first = world.authority("同名", replace(world.stranger), pair=pair, listed=False)
    others = [world.authority("同名", first, pair=pair, listed=False).certificate for _ in range(59)]
    return signed(replace(world.leaf(issuer=first), chain=(first.certificate, *others)), digits=80_000).data


@case
def chain_certified_with_sha1(world):
    """The certificate itself rests on SHA-1 with RSA, as CAs made them until 2016."""
    root = world.new_root("旧RSA根", rsa_pair())
    old = replace(root, pair=rsa_sha1(root.pair))
    return signed(world.leaf(issuer=old, pair=rsa_pair(number=2))).data


@case
def chain_rsa_1024(world):
    root = world.family("rsa")[0]
    return signed(world.leaf(issuer=world.holder_of(root.chain[0]), pair=rsa_pair(1024))).data


@case
def chain_serial_and_names_odd(world):
    """Control: a serial number of twenty octets and a name in 60 Chinese characters."""
    long_name = name("证" * 60, "机关" * 20)
    return signed(world.leaf(long_name, serial=1 << 158)).data


@case
def chain_validity_backwards(world):
    """The certificate ends before it begins."""
    return signed(world.leaf(since=DAY, until=-DAY)).data


@case
def chain_valid_for_centuries(world):
    """Control: GeneralizedTime, as RFC 5280, 4.1.2.5 wants it from 2050 on."""
    return signed(world.leaf(until=60 * 365 * DAY)).data


@case
def chain_revoked_nobody_asked(world):
    """The signer's CA is trusted, its list fresh, and the signer on it since before; no time-stamp."""
    authority = world.authority("照单签发")
    return signed(world.revoke(world.leaf(issuer=authority), NOW - 20 * DAY, issuer=authority)).data
