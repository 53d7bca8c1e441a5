"""The GM flavours met in Chinese PDFs: B, GB/T 35275 SignedData (GM.sm2cms.detached), and C, seals (GM.sm2seal).

domain facts 4.4 to 4.6. Neither is a PAdES signature: they have no level.
"""

from signing import der, sm2
from signing.sm2 import signature_to_raw
from tests.corpus.case import case
from tests.corpus.documents import archived, forged_content, signed, signed_twice, sm3, with_evidence
from tests.corpus.makers import cms, seals
from tests.corpus.makers.keys import SM2_BARE, SM2_WITH_SM3, ecdsa_pair, sm2_pair
from tests.corpus.makers.pdf import CONTENT, contents_of, update
from tests.corpus.makers.x509 import DAY
from tests.pki import NOW

FLAVOUR_B = {"sub_filter": "GM.sm2cms.detached", "handler": "DJ.GMPkiLite", "certify": None}
FLAVOUR_C = {"sub_filter": "GM.sm2seal", "handler": "Gomain.GMPkiLite", "certify": None}


def gm_cms(
    signer, value, *, inner=cms.GB_DATA, oid=SM2_BARE, made=None, certificates=None, container=cms.GB_SIGNED_DATA
):
    """GB/T 35275: the content is the digest of the covered bytes, and the signature is over that content."""
    made = signer.sign(value) if made is None else made
    info = cms.signer_info(signer, (), signature=made, signature_oid=oid)
    embedded = (signer.certificate, *signer.chain) if certificates is None else certificates
    return cms.signed_data([info], embedded, content=value, content_type=inner, container=container)


def _gm(world, signer=None, make=None, **options):
    signer = signer or world.signer
    make = make or (lambda content: gm_cms(signer, sm3(content), **options))
    return signed(signer, make=make, **FLAVOUR_B).data


@case
def good_gm_cms(world):
    return _gm(world)


@case
def good_gm_cms_501(world):
    return _gm(world, oid=SM2_WITH_SM3)


@case
def good_gm_cms_raw_value(world):
    """64 octets, as hardware and JavaScript libraries write them."""
    return _gm(world, make=lambda c: gm_cms(world.signer, sm3(c), made=signature_to_raw(world.signer.sign(sm3(c)))))


@case
def good_gm_cms_pkcs7_content_type(world):
    return _gm(world, inner=cms.DATA)


@case
def good_gm_cms_with_attributes(world):
    """Signed attributes over the digest as content (domain facts 4.5)."""

    def make(content):
        value = sm3(content)
        attributes = (cms.content_type(cms.GB_DATA), cms.message_digest(sm3(value)), cms.signing_time(NOW))
        info = cms.signer_info(world.signer, attributes, signature_oid=SM2_BARE)
        certificates = (world.signer.certificate, *world.signer.chain)
        return cms.signed_data(
            [info], certificates, content=value, content_type=cms.GB_DATA, container=cms.GB_SIGNED_DATA
        )

    return _gm(world, make=make)


@case
def gm_cms_page_changed(world):
    data = _gm(world)
    place = data.index(b"/MediaBox[0 0 595 842]") + 14
    return data[:place] + b"6" + data[place + 1 :]


@case
def gm_cms_updated(world):
    return update(
        signed(world.signer, make=lambda c: gm_cms(world.signer, sm3(c)), **FLAVOUR_B), {CONTENT: forged_content()}
    ).data


@case
def gm_cms_digest_of_another_document(world):
    return _gm(world, make=lambda _: gm_cms(world.signer, sm3(b"another")))


@case
def gm_cms_digest_exchanged(world):
    """The right digest in the content, the signature over another one."""
    return _gm(world, made=world.signer.sign(sm3(b"another")))


@case
def gm_cms_value_without_identity(world):
    """SM2 over the bare digest as e: Z_A left out."""
    return _gm(
        world,
        make=lambda c: gm_cms(world.signer, sm3(c), made=sm2.backend().sign_digest(world.signer.pair.private, sm3(c))),
    )


@case
def gm_cms_wrong_user_id(world):
    return _gm(world, world.leaf(pair=sm2_pair(b"ALICE123@YAHOO.COM")))


@case
def gm_cms_of_a_stranger(world):
    return _gm(world, world.stranger)


@case
def gm_cms_revoked(world):
    return _gm(world, world.revoke(world.leaf()))


@case
def gm_cms_expired(world):
    return _gm(world, world.leaf(until=-DAY))


@case
def gm_cms_certificate_missing(world):
    return _gm(world, certificates=())


@case
def gm_cms_two_signers(world):
    def make(content):
        value = sm3(content)
        infos = [
            cms.signer_info(h, (), signature=h.sign(value), signature_oid=SM2_BARE)
            for h in (world.signer, world.leaf())
        ]
        certificates = (world.signer.certificate, *world.signer.chain)
        return cms.signed_data(
            infos, certificates, content=value, content_type=cms.GB_DATA, container=cms.GB_SIGNED_DATA
        )

    return _gm(world, make=make)


@case
def gm_cms_trailing_bytes(world):
    return _gm(world, make=lambda content: gm_cms(world.signer, sm3(content)) + b"\x01\x02")


@case
def gm_cms_rubbish(world):
    return _gm(world, make=lambda _: der.sequence(der.oid(cms.GB_SIGNED_DATA), der.explicit(0, der.NULL)))


@case
def gm_cms_is_pkcs7(world):
    """Flavour A's contents under flavour B's name: everything needed is there and right."""
    return _gm(world, make=lambda content: cms.pades(world.signer, sm3(content)))


# Flavour C, electronic seals.


def make_seal(world, signer, *, version=4, seal_version=None, maker=None, info=None, seal_signature=None, **options):
    """A function of the covered bytes that makes a seal signature."""
    maker = maker or world.seal_maker
    info = info or seals.seal_info([signer.certificate], version=seal_version or version)
    stamped = seals.seal(maker, info, version=seal_version or version, signature=seal_signature)
    return lambda content: seals.signature(signer, stamped, sm3(content), version=version, **options)


def _sealed(world, signer=None, *, make=None, **options):
    signer = signer or world.signer
    return signed(signer, make=make or make_seal(world, signer, **options), **FLAVOUR_C)


@case
def good_seal_v4(world):
    return _sealed(world).data


@case
def good_seal_v5(world):
    return _sealed(world, version=5).data


@case
def good_seal_v1(world):
    return _sealed(world, version=1).data


@case
def good_seal_by_digests(world):
    """The seal lists its signers by their SM3 digests."""
    return _sealed(world, info=seals.seal_info([world.signer.certificate], kind=seals.DIGESTS)).data


@case
def good_seal_of_two_signers(world):
    signers = [world.leaf("甲").certificate, world.signer.certificate]
    return _sealed(world, info=seals.seal_info(signers)).data


@case
def good_seal_raw_value(world):
    return _sealed(world, raw=True).data


@case
def good_seal_timestamped(world):
    """v5 with a time-stamp over the signature value: proof of existence."""
    signer = world.leaf(until=-DAY)
    at = NOW - 2 * DAY
    stamp = lambda value: cms.token(world.unit, sm3(value), at)  # noqa: E731
    return _sealed(world, signer, version=5, at=at, timestamp=stamp).data


@case
def good_seal_archived(world):
    """A document time-stamp and evidence behind a sealed file are no change."""
    return archived(with_evidence(_sealed(world), crls=(world.crl_of(world.ca),)), world.unit).data


@case
def good_seal_maker_revoked_later(world):
    """Revoked after it made the seal: a note, not a failure (domain facts 4.4)."""
    return _sealed(world, maker=world.revoke(world.leaf("制章后吊销", since=-60 * DAY), NOW - DAY)).data


@case
def seal_page_changed(world):
    data = _sealed(world).data
    place = data.index(b"/MediaBox[0 0 595 842]") + 14
    return data[:place] + b"6" + data[place + 1 :]


@case
def seal_updated(world):
    return update(_sealed(world), {CONTENT: forged_content()}).data


@case
def seal_junk_after_eof(world):
    return _sealed(world).data + b"junk"


@case
def seal_taken_from_another_document(world):
    other = _sealed(world).data
    start, end = contents_of(other)
    value = bytes.fromhex(other[start + 1 : end - 1].decode()).rstrip(b"\0")
    return signed(world.signer, {CONTENT: forged_content()}, make=lambda _: value, **FLAVOUR_C).data


@case
def seal_value_broken(world):
    return _sealed(world, value=world.signer.sign(b"another")).data


@case
def seal_wrong_user_id(world):
    return _sealed(world, world.leaf(pair=sm2_pair(b"ALICE123@YAHOO.COM"))).data


@case
def seal_itself_forged(world):
    """The seal's own signature is another's: anyone could have drawn it."""
    return _sealed(world, seal_signature=world.stranger.sign(b"another")).data


@case
def seal_signer_not_on_its_list(world):
    """A genuine seal in the hands of someone whom it does not list."""
    return _sealed(world, info=seals.seal_info([world.leaf("有权人").certificate])).data


@case
def seal_list_of_digests_without_the_signer(world):
    return _sealed(world, info=seals.seal_info([world.leaf("有权人").certificate], kind=seals.DIGESTS)).data


@case
def seal_maker_is_a_stranger(world):
    return _sealed(world, maker=world.stranger).data


@case
def seal_signer_is_a_stranger(world):
    return _sealed(world, world.stranger).data


@case
def seal_expired(world):
    return _sealed(world, info=seals.seal_info([world.signer.certificate], until=-DAY)).data


@case
def seal_not_yet_valid(world):
    return _sealed(world, info=seals.seal_info([world.signer.certificate], since=DAY)).data


@case
def seal_signer_revoked(world):
    return _sealed(world, world.revoke(world.leaf())).data


@case
def seal_signer_expired(world):
    return _sealed(world, world.leaf(until=-DAY)).data


@case
def seal_time_of_the_future(world):
    """timeInfo lies after the time of validation."""
    return _sealed(world, at=NOW + 5 * DAY).data


@case
def seal_mark_missing(world):
    return _sealed(world, info=seals.seal_info([world.signer.certificate], mark="XX")).data


@case
def seal_version_unknown(world):
    return _sealed(world, version=9, seal_version=9).data


@case
def seal_certificate_exchanged(world):
    """The certificate beside the signature is another than the one that signed."""
    return _sealed(world, certificate=world.leaf().certificate).data


@case
def seal_ecdsa_key(world):
    """A seal signature whose certificate holds a P-256 key, under the SM2 OID."""
    return _sealed(world, world.leaf(pair=ecdsa_pair())).data


@case
def seal_trailing_bytes(world):
    make = make_seal(world, world.signer)
    return _sealed(world, make=lambda content: make(content) + b"\x05\x00").data


@case
def seal_truncated(world):
    make = make_seal(world, world.signer)
    return _sealed(world, make=lambda content: make(content)[:400]).data


@case
def seal_is_a_cms(world):
    return _sealed(world, make=lambda content: cms.pades(world.signer, sm3(content))).data


@case
def seal_timestamp_of_other_data(world):
    """The time-stamp proves nothing; the signature is judged as of now, and its certificate has expired."""
    signer = world.leaf(until=-DAY)
    at = NOW - 2 * DAY
    stamp = lambda _: cms.token(world.unit, sm3(b"other"), at)  # noqa: E731
    return _sealed(world, signer, version=5, at=at, timestamp=stamp).data


# Kinds that nobody here can check


def _unknown(world, sub_filter, handler="Adobe.PPKLite"):
    return signed(world.signer, sub_filter=sub_filter, handler=handler, certify=None).data


@case
def unknown_sub_filter(world):
    return _unknown(world, "GM.sm9cms.detached", "Acme.GMPkiLite")


@case
def unknown_sub_filter_sha1(world):
    """adbe.pkcs7.sha1 signs the SHA-1 of the document: deprecated, and not to be relied on."""
    return _unknown(world, "adbe.pkcs7.sha1")


@case
def unknown_sub_filter_x509(world):
    return _unknown(world, "adbe.x509.rsa_sha1")


@case
def unknown_sub_filter_and_a_good_signature(world):
    """One signature that cannot be checked leaves the whole undecided, whatever the other says."""
    unknown = {"sub_filter": "GM.sm9cms.detached", "handler": "Acme.GMPkiLite"}
    return signed_twice(world.signer, world.signer, certify=None, **unknown).data
