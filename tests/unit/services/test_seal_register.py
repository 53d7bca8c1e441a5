"""Seals are made, suspended, resumed and destroyed on record, and sign only while they are in order."""

import io
import json
from datetime import timedelta

import pytest
from PIL import Image

from certs.key_uses import Purpose
from gateway.documents.face import SealPicture
from gateway.domain.log_entries import LoggedEvent
from gateway.domain.rebindings import RebindingReason
from gateway.domain.seal_register import SealAct, SealStatus
from gateway.errors import (
    ConflictError,
    ForbiddenError,
    KeyUnavailableError,
    NotFoundError,
    SealRefusedError,
    TransitionRefusedError,
    ValidationFailedError,
)
from gateway.persistence.models import AuditEvent, Seal
from gateway.services.seal_register import SealSpec
from tests.unit.services.actors import client
from tests.unit.services.test_holder_certificates import new_certificate

NUMBER = "4417020000001"


@pytest.fixture
def authority(fresh, applications):
    return next(a for a in fresh.catalogue.load().authorities if a.name == applications[0]["FZJGMC"])


@pytest.fixture
def seal(fresh, authority):
    return next(s for s in fresh.seal_register.all() if s.authority_code == authority.code)


def test_every_authority_has_a_registered_seal_from_the_beginning(fresh):
    seals = fresh.seal_register.all()
    assert {s.authority_code for s in seals} == set(fresh.catalogue.load().authorities_by_code)
    for one in seals:
        assert (one.state, one.filing_number, [e.act for e in one.events]) == ("in_use", None, [SealAct.MAKE])
        assert fresh.seal_register.picture(one.key_id).startswith(b"\x89PNG")


def test_a_suspended_seal_signs_nothing_until_it_is_resumed(fresh, seal, applications):
    assert fresh.seal_register.suspend(seal.key_id, "核查").state == "suspended"
    with pytest.raises(SealRefusedError, match="suspended"):
        fresh.licences.issue(applications[0])
    fresh.licences.issue(next(a for a in applications if a["FZJGMC"] != applications[0]["FZJGMC"]))
    assert fresh.seal_register.resume(seal.key_id, "核实无误").state == "in_use"
    assert fresh.licences.issue(applications[0]).newly_issued


def test_rebinding_asks_the_seal_too_and_is_made_up_for(fresh, seal, applications):
    issued = fresh.licences.issue(applications[0])
    code = applications[0]["CYRSFZJHM"]
    fresh.seal_register.suspend(seal.key_id, "核查")
    _, run = fresh.rebindings.register(new_certificate(fresh, code))
    assert [(identifier, error.code) for identifier, error in run.refused] == [
        (issued.licence_identifier, "SEAL_REFUSED")
    ]
    fresh.seal_register.resume(seal.key_id, "核实无误")
    assert fresh.rebindings.rebind_enterprise(code).bound == (issued.licence_identifier,)
    assert fresh.rebindings.chain(issued.licence_identifier)[-1].reason is RebindingReason.RENEWAL


def test_a_destroyed_seal_never_signs_again_and_what_it_signed_stays(fresh, seal, applications):
    issued = fresh.licences.issue(applications[0])
    destroyed = fresh.seal_register.destroy(seal.key_id, "机构撤并")
    assert [e.act for e in destroyed.events] == [SealAct.MAKE, SealAct.DESTROY]
    with pytest.raises(SealRefusedError, match="destroyed"):
        fresh.licences.issue({**applications[0], "ZZHM": applications[0]["ZZHM"] + "9"})
    for act in (fresh.seal_register.resume, fresh.seal_register.suspend, fresh.seal_register.destroy):
        with pytest.raises(TransitionRefusedError):
            act(seal.key_id, "再用")
    assert fresh.deps.keystore.attributes(seal.key_name).retired_at is not None
    report = fresh.verifications.verify(issued.electronic_file.read_bytes(), "a.pdf")
    assert report.answer.genuine == "yes"


def test_a_seal_that_was_destroyed_by_half_is_destroyed_wholly(fresh, seal, authority, monkeypatch):
    """A process died after the word and before the deed: the key still works, and yet it serves for no seal."""
    keystore = fresh.deps.keystore
    with monkeypatch.context() as patch:
        patch.setattr(keystore, "retire", died)
        with pytest.raises(OSError, match="died"):
            fresh.seal_register.destroy(seal.key_id, "机构撤并")
    assert keystore.attributes(seal.key_name).retired_at is None
    with pytest.raises(ConflictError, match="another seal"):
        fresh.seal_register.make(SealSpec(authority.code, "章", NUMBER, key_name=seal.key_name))
    assert fresh.seal_register.destroy(seal.key_id, "机构撤并").state == "destroyed"
    assert keystore.attributes(seal.key_name).retired_at is not None
    assert [e.act for e in fresh.seal_register.of(seal.key_id).events] == [SealAct.MAKE, SealAct.DESTROY]


def died(*_):
    raise OSError("died")


def test_a_new_seal_takes_the_place_of_a_destroyed_one(fresh, seal, authority, applications):
    spec = SealSpec(authority.code, "证照专用章", NUMBER, picture=SealPicture(png(), 30.0, 30.0))
    with pytest.raises(ConflictError):
        fresh.seal_register.make(spec)
    fresh.seal_register.destroy(seal.key_id, "损坏")
    made = fresh.seal_register.make(spec)
    assert (made.state, made.filing_number, made.name) == ("in_use", NUMBER, "证照专用章")
    assert fresh.seal_register.picture(made.key_id) == png()
    issued = fresh.licences.issue(applications[0])
    report = fresh.verifications.verify(issued.electronic_file.read_bytes(), "a.pdf")
    assert report.answer.genuine == "yes"
    with fresh.deps.sessions() as session:
        detail = session.query(AuditEvent).filter_by(subject=issued.licence_identifier).one().detail
    assert detail["seal_key_id"] == made.key_id


def png(size=(300, 300), kind="PNG"):
    buffer = io.BytesIO()
    Image.new("RGBA", size, (206, 22, 30, 120)).save(buffer, kind)
    return buffer.getvalue()


def test_a_seal_is_valid_within_its_days_only(fresh, seal, authority, applications):
    fresh.seal_register.destroy(seal.key_id, "损坏")
    until = fresh.clock() + timedelta(days=1)
    made = fresh.seal_register.make(SealSpec(authority.code, "短期章", NUMBER, valid_until=until))
    assert made.valid_until == until
    later = type(fresh)(fresh.settings, clock=lambda: fresh.clock() + timedelta(days=2))
    assert later.seal_register.of(made.key_id).state == "expired"
    with pytest.raises(SealRefusedError, match="expired"):
        later.licences.issue(applications[0])
    later.deps.engine.dispose()


def test_a_seal_whose_certificate_names_another_owner_signs_nothing(fresh, seal, authority, applications):
    other = next(s for s in fresh.seal_register.all() if s.authority_code != authority.code)
    with fresh.deps.sessions.begin() as session:
        session.get(Seal, seal.key_id).certificate = session.get(Seal, other.key_id).certificate
    with pytest.raises(SealRefusedError, match=other.authority_code):
        fresh.licences.issue(applications[0])


def test_what_is_no_seal_is_not_made(fresh, seal, authority):
    fresh.seal_register.destroy(seal.key_id, "损坏")
    make, codes = fresh.seal_register.make, [s for s in fresh.seal_register.all() if s.authority_code != authority.code]
    for wrong in (
        SealSpec(authority.code, "", NUMBER),
        SealSpec(authority.code, "章", " "),
        SealSpec(authority.code, "章", NUMBER, picture=SealPicture(png(), 0.0, 30.0)),
        SealSpec(authority.code, "章", NUMBER, picture=SealPicture(b"x" * 2_000_000, 30.0, 30.0)),
    ):
        with pytest.raises(ValidationFailedError):
            make(wrong)
    with pytest.raises(ValidationFailedError):
        make(SealSpec(authority.code, "章", NUMBER, picture=SealPicture(png(kind="TIFF"), 30.0, 30.0)))
    with pytest.raises(ConflictError):
        make(SealSpec(authority.code, "章", NUMBER, key_name=codes[0].key_name))
    with pytest.raises(ConflictError):
        make(SealSpec(authority.code, "章", NUMBER, key_name=seal.key_name))
    for missing in (
        SealSpec("11440000000000000X", "章", NUMBER),
        SealSpec(authority.code, "章", NUMBER, key_name="none"),
    ):
        with pytest.raises(NotFoundError):
            make(missing)
    with pytest.raises(NotFoundError):
        fresh.seal_register.suspend("0" * 16, "核查")
    with pytest.raises(ForbiddenError):
        fresh.seal_register.suspend(codes[0].key_id, "核查", actor=client({"licences:read"}))
    with pytest.raises(ValidationFailedError):
        fresh.seal_register.suspend(codes[0].key_id, " ")


def test_two_authorities_do_not_share_a_filing_number(fresh):
    one, other, *_ = fresh.seal_register.all()
    for seal in (one, other):
        fresh.seal_register.destroy(seal.key_id, "损坏")
    fresh.seal_register.make(SealSpec(one.authority_code, "章", NUMBER))
    with pytest.raises(ConflictError, match="filing number"):
        fresh.seal_register.make(SealSpec(other.authority_code, "章", NUMBER))


def test_a_seal_under_its_next_key_stays_what_it_was(fresh, seal, authority, applications):
    fresh.seal_register.suspend(seal.key_id, "核查")
    fresh.keys.rotate(seal.key_name)
    new, old = (s for s in fresh.seal_register.all() if s.authority_code == authority.code)
    assert (old.state, new.state, new.name) == (SealStatus.REPLACED, SealStatus.SUSPENDED, old.name)
    with pytest.raises(SealRefusedError):
        fresh.licences.issue(applications[0])
    fresh.seal_register.resume(new.key_id, "核实无误")
    assert fresh.licences.issue(applications[0]).newly_issued
    with pytest.raises(KeyUnavailableError):
        fresh.seals._key(seal_row(fresh, old.key_id))


def seal_row(container, key_id):
    with container.deps.sessions() as session:
        return session.get(Seal, key_id)


def test_each_act_is_an_entry_of_the_log_without_its_reason(fresh, seal):
    fresh.seal_register.suspend(seal.key_id, "机密原因")
    fresh.seal_register.destroy(seal.key_id, "机密原因")
    fresh.log.sequence()
    with fresh.deps.sessions() as session:
        events = session.query(AuditEvent).filter_by(subject=seal.key_id).order_by(AuditEvent.id).all()
        entries = [json.loads(entry) for entry in map(logged, events)]
    assert [e["action"] for e in entries] == ["seal_made", "seal_suspended", "seal_destroyed"]
    assert entries[2]["detail"]["status"] == "destroyed" and "机密原因" not in json.dumps(entries, ensure_ascii=False)


def logged(event):
    return LoggedEvent(event.occurred_at, event.action, event.subject, event.detail, event.actor, "0" * 32).entry()


def test_a_key_that_the_authority_brought_may_be_its_seal(fresh, seal, authority):
    fresh.seal_register.destroy(seal.key_id, "损坏")
    name = fresh.seal_register._make_key(authority)
    made = fresh.seal_register.make(SealSpec(authority.code, "章", NUMBER, key_name=name))
    assert made.key_name == name
    assert fresh.deps.keystore.load(name, Purpose.LICENCE) is not None
