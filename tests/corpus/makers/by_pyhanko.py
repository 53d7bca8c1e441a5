"""PAdES files by stock pyHanko: a maker that shares nothing with the judge but the SM2 arithmetic."""

import io
import logging
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import count
from unittest.mock import patch

from asn1crypto import cms as asn1_cms
from asn1crypto import x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.metadata import info, xmp_xml
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner
from pyhanko.sign.timestamps import TimeStamper
from pyhanko_certvalidator import ValidationContext

from signing.pyhanko_adapter import SigningKeySigner, Sm2SignatureValidator
from tests.corpus.makers import cms
from tests.corpus.makers.keys import SHA256, SM3
from tests.pki import NOW

# It warns that evidence is not fetched; none is to be.
logging.getLogger("pyhanko.sign.signers.pdf_signer").setLevel(logging.ERROR)

_DIGESTS = {"sm3": SM3, "sha256": SHA256}


class UnitStamper(TimeStamper):
    """A pyHanko time-stamper on a unit of the corpus; its clock stands at NOW."""

    def __init__(self, unit):
        super().__init__(include_nonce=False)
        self._unit = unit

    async def async_timestamp(self, message_digest, md_algorithm):
        token = cms.token(self._unit, message_digest, NOW, imprint_oid=_DIGESTS[md_algorithm])
        return asn1_cms.ContentInfo.load(token)


@contextmanager
def ticking_clock():
    """Each time that pyHanko notes when it changed the file, an hour has gone by, as between signing and archiving."""
    hours = count()

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return (NOW + timedelta(hours=next(hours))).astimezone(tz)

    with patch.object(info, "datetime", Clock), patch.object(xmp_xml, "datetime", Clock):
        yield


def sign(document, signer, unit, level, world=None):
    """A certifying signature of the level B-T, B-LT or B-LTA; evidence comes from the lists of ``world``."""
    inner = SigningKeySigner(signer)
    context = None
    if level != "B-T":
        context = ValidationContext(
            trust_roots=[x509.Certificate.load(anchor) for anchor in world.anchors],
            crls=list(world.crls()),
            moment=NOW,
            allow_fetching=False,
            revocation_mode="require",
            signature_validator=Sm2SignatureValidator(),
        )
    metadata = PdfSignatureMetadata(
        field_name="Signature1",
        md_algorithm=inner.digest_algorithm,
        subfilter=SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
        embed_validation_info=context is not None,
        use_pades_lta=level == "B-LTA",
        validation_context=context,
    )
    pdf_signer = PdfSigner(metadata, signer=inner, timestamper=UnitStamper(unit))
    with ticking_clock():
        return pdf_signer.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(document))).getvalue()
