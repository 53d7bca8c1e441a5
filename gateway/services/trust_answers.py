"""What the embedded CAs answer on line: certificate status (RFC 6960) and time-stamps (RFC 3161)."""

from functools import cached_property, partial
from pathlib import Path

from asn1crypto import pem

from certs.errors import RevocationListError
from certs.key_uses import Purpose
from certs.ocsp_responder import AnsweredCa, OcspAnswer, OcspResponder
from certs.revocation import RevocationList, read_revocation_list
from certs.tsa import answer_request
from gateway.services.dependencies import Dependencies
from gateway.services.embedded_cas import CA_KEYS, responder_name


class TrustAnswers:
    """Answers requests in DER; a request that cannot be read is answered too, as its RFC says."""

    def __init__(self, deps: Dependencies) -> None:
        self._deps = deps
        self._lists: dict[Path, tuple[int, RevocationList]] = {}

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
                        is_issued=partial(self._deps.issued.knows, name),
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
