"""A paper licence beside the register: what its code says, what the register says, and what the face has to say."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.domain.answers import FaceValue, Genuine, InForce, LicenceAnswer, Outcome, Resolution
from gateway.domain.face_comparison import FaceDifference, until
from gateway.domain.instants import instant
from gateway.domain.licence_code import CUT
from gateway.domain.reason_catalogue import reason
from gateway.domain.reasons import Reason
from gateway.domain.report_words import FACE_FIELDS, Words
from gateway.domain.status import WORDS


@dataclass(frozen=True)
class PaperField:
    """One line to compare with the paper."""

    name: str
    """Of ``FACE_FIELDS``."""
    code_says: str | None
    """None for what the code does not carry."""
    register_says: str

    @property
    def label(self) -> Words:
        """What the field is called."""
        return FACE_FIELDS[self.name]

    @property
    def agrees(self) -> bool:
        """Whether the code says nothing else than the register; a name that was cut for the code agrees as far as it goes."""
        said = self.code_says
        return said is None or said == self.register_says or _agrees_when_cut(said, self.register_says)


@dataclass(frozen=True)
class PaperCheck:
    """What a paper should say, and where its code contradicts the register."""

    outcome: Outcome
    genuine: Genuine
    in_force: InForce
    licence_identifier: str | None
    """None when the code leads to no registered licence: then there is nothing to compare with, and the reasons say why."""
    fields: tuple[PaperField, ...]
    face: tuple[FaceValue, ...]
    """The further lines of the registered face, as the public may see them."""
    differences: tuple[FaceDifference, ...]
    reasons: tuple[Reason, ...]
    as_of: datetime

    def to_json(self) -> dict[str, Any]:
        """As the API and the command line give it."""
        return {
            "outcome": self.outcome,
            "genuine": self.genuine,
            "in_force": self.in_force,
            "licence_identifier": self.licence_identifier,
            "fields": [
                {
                    "field": each.name,
                    "label": each.label._asdict(),
                    "code_says": each.code_says,
                    "register_says": each.register_says,
                    "agrees": each.agrees,
                }
                for each in self.fields
            ],
            "face": [vars(line) for line in self.face],
            "differences": [difference.to_json() for difference in self.differences],
            "reasons": [each.to_json() for each in self.reasons],
            "as_of": instant(self.as_of),
        }


def check_paper(resolution: Resolution) -> PaperCheck:
    """The check of a paper whose code, or one of whose codes, resolved so."""
    of_codes = (resolution, *resolution.also_found)
    found = next((each for each in of_codes if each.licence is not None), resolution)
    answer = found.licence
    if answer is None:
        codes = {each.code for each in found.reasons}
        genuine = Genuine.NO if "SIGNATURE_INVALID" in codes else Genuine.UNKNOWN
        reasons = (*found.reasons, reason("PAPER_NOT_COMPARED"))
        return PaperCheck(found.outcome, genuine, InForce.UNKNOWN, None, (), (), (), reasons, found.as_of)
    return PaperCheck(
        outcome=found.outcome,
        genuine=answer.listed.genuine,
        in_force=answer.listed.in_force,
        licence_identifier=answer.listed.licence_identifier,
        fields=_fields(answer),
        face=answer.face,
        differences=answer.differences,
        reasons=(*answer.reasons, reason("COMPARE_PAPER")),
        as_of=found.as_of,
    )


def _fields(answer: LicenceAnswer) -> tuple[PaperField, ...]:
    listed, claims = answer.listed, answer.claims
    said = (
        {}
        if claims is None
        else {
            "licence_type": claims.licence_type_name,
            "holder_name": claims.holder_name,
            "holder_code": claims.holder_code,
            "issued_on": claims.issued_on.isoformat(),
            "valid_from": claims.valid_from.isoformat(),
            "valid_until": until(claims.valid_until),
            "licence_identifier": claims.licence_identifier,
        }
    )
    held = {
        "licence_type": listed.licence_type_name,
        "licence_number": listed.licence_number,
        "holder_name": listed.holder_name,
        "holder_code": answer.holder_code,
        "issuing_authority": listed.issuing_authority,
        "issued_on": listed.issued_on.isoformat(),
        "valid_from": listed.valid_from.isoformat(),
        "valid_until": until(listed.valid_until),
        "licence_identifier": listed.licence_identifier,
        "status": " ".join(WORDS[listed.status]),
    }
    return tuple(PaperField(name, said.get(name), value) for name, value in held.items())


def _agrees_when_cut(said: str, held: str) -> bool:
    return said.endswith(CUT) and held.startswith(said.removesuffix(CUT))
