"""What the embedded CAs answer on line: certificate status (RFC 6960) and time-stamps (RFC 3161)."""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from asn1crypto import pem
from sqlalchemy import func, select

from certs.errors import RevocationListError
from certs.key_uses import Purpose
from certs.ocsp_responder import AnsweredCa, OcspAnswer, OcspResponder
from certs.revocation import RevocationList, read_revocation_list
from certs.tsa import answer_request
from gateway.persistence.models import ElectronicBusinessLicence
from gateway.services.dependencies import Dependencies
from gateway.services.embedded_cas import CA_KEYS, LICENCE_ROOT_KEY, responder_name
from signing.x509_fields import issuer_name, serial_number, subject_name


class TrustAnswers:
    """Answers requests in DER; a request that cannot be read is answered too, as its RFC says."""

    def __init__(self, deps: Dependencies) -> None:
        self._deps = deps
        self._lists: dict[Path, tuple[int, RevocationList]] = {}
        self._registered: tuple[int, frozenset[int]] = (0, frozenset())

    def ocsp(self, request: bytes) -> OcspAnswer:
        """The OCSPResponse to an OCSPRequest."""
        return self._responder.answer(request)

    def timestamp(self, request: bytes) -> bytes:
        """The TimeStampResp to a TimeStampReq."""
        return answer_request(request, self._deps.timestamping_unit)

    @cached_property
    def _responder(self) -> OcspResponder:
        return OcspResponder(self._cas, clock=self._deps.clock)

    def _cas(self) -> list[AnsweredCa]:
        """The CAs that have a responder and a revocation list."""
        found = []
        for name in CA_KEYS:
            path = self._deps.trust_dir / "crls" / f"{name}.crl"
            responder = responder_name(name)
            if responder in self._deps.keystore and path.exists():
                found.append(
                    AnsweredCa(
                        certificate=self._deps.keystore.certificate(name),
                        revocation_list=self._list(path),
                        is_issued=self._is_issued(name),
                        key=self._deps.keystore.load(responder, Purpose.OCSP, actor="gateway.ocsp"),
                    )
                )
        return found

    def _list(self, path: Path) -> RevocationList:
        """The list in a file, read again when the file was replaced. RevocationListError."""
        stamp = path.stat().st_mtime_ns
        known = self._lists.get(path)
        if known is None or known[0] != stamp:
            try:
                known = stamp, read_revocation_list(pem.unarmor(path.read_bytes())[2])
            except ValueError as error:
                raise RevocationListError(f"{path.name} is no readable revocation list") from error
            self._lists[path] = known
        return known[1]

    def _is_issued(self, ca: str) -> Callable[[int], bool]:
        """Whether a CA issued a serial number: its certificate is published, or registered with an enterprise."""
        name = subject_name(self._deps.keystore.certificate(ca))

        def is_issued(number: int) -> bool:
            published = (*self._deps.policy().certificates, *map(self._deps.keystore.certificate, CA_KEYS))
            if any(serial_number(c) == number and issuer_name(c) == name for c in published):
                return True
            return ca == LICENCE_ROOT_KEY and number in self._licences()

        return is_issued

    def _licences(self) -> frozenset[int]:
        """Serial numbers of the registered electronic business licences; rows are only ever added."""
        with self._deps.sessions() as session:
            count = session.scalar(select(func.count()).select_from(ElectronicBusinessLicence)) or 0
            if count != self._registered[0]:
                certificates = session.scalars(select(ElectronicBusinessLicence.certificate))
                self._registered = count, frozenset(map(serial_number, certificates))
        return self._registered[1]
