"""Departments read the register of seals, administrators keep it in the console, and issuing says why a seal does not sign."""

import io

import pytest

from gateway.app import create_app
from gateway.domain.actors import Scope
from tests.api.conftest import conforms, problem_of
from tests.console_office import PEOPLE, Browser, shared_office

__all__ = ["shared_office"]
PATH = "/api/v1/seals"


@pytest.fixture
def department(fresh, as_client):
    return as_client(create_app(fresh), {Scope.LICENCES_ISSUE, Scope.LICENCES_READ})


def test_the_register_is_read_with_pictures(department, fresh):
    seals = department.get(PATH).get_json()["seals"]
    assert {seal["authority_code"] for seal in seals} == set(fresh.catalogue.load().authorities_by_code)
    one = conforms(department.get(f"{PATH}/{seals[0]['key_id']}").get_json(), "Seal")
    assert (one, one["state"]) == (seals[0], "in_use")
    picture = department.get(f"{PATH}/{one['key_id']}/picture")
    assert (picture.mimetype, picture.data[:4]) == ("image/png", b"\x89PNG")
    for path in (f"{PATH}/{'0' * 16}", f"{PATH}/{'0' * 16}/picture"):
        problem_of(department.get(path), 404, "NOT_FOUND")


def test_issuing_with_a_suspended_seal_is_a_clear_problem(department, fresh, applications):
    for seal in fresh.seal_register.all():
        fresh.seal_register.suspend(seal.key_id, "核查")
    refused = problem_of(department.post("/api/v1/licences", json={"record": applications[0]}), 409, "SEAL_REFUSED")
    assert "已停用" in refused["detail"] and "suspended" in refused["detail"]
    fresh.seal_register.resume(fresh.seal_register.all()[0].key_id, "核实")


def test_an_administrator_suspends_and_resumes_a_seal_in_the_console(shared_office):
    chief = Browser(shared_office, shared_office.app(), "chief")
    register = shared_office.container.seal_register
    seal = register.all()[0]
    page = chief.get("/console/seals")
    assert seal.name in page.text and f"/console/seals/{seal.key_id}.png" in page.text
    assert chief.get(f"/console/seals/{seal.key_id}.png").mimetype == "image/png"
    assert "in use" in chief.get("/console/seals?lang=en").text
    path = f"/console/seals/{seal.key_id}/suspend"
    assert chief.send(path, chief.get(path), reason="").status_code == 422
    assert chief.send(path, chief.get(path), reason="核查").status_code == 303
    assert register.of(seal.key_id).state == "suspended"
    assert register.of(seal.key_id).events[-1].actor_name != "操作员 operator"
    path = f"/console/seals/{seal.key_id}/resume"
    assert chief.send(path, chief.get(path), reason="核实").status_code == 303
    assert register.of(seal.key_id).state == "in_use"


def test_an_administrator_of_one_authority_meets_only_its_seals(shared_office):
    administrator = Browser(shared_office, shared_office.app(), "administrator")
    own = shared_office.actor("administrator").authority_codes
    other = next(s for s in shared_office.container.seal_register.all() if s.authority_code not in own)
    assert other.key_id not in administrator.get("/console/seals").text
    assert administrator.get(f"/console/seals/{other.key_id}/suspend").status_code == 404
    assert administrator.get(f"/console/seals/{other.key_id}.png").status_code == 404


def test_an_administrator_makes_a_seal_once_the_last_one_is_destroyed(shared_office):
    administrator = Browser(shared_office, shared_office.app(), "administrator")
    register, (own,) = shared_office.container.seal_register, shared_office.actor("administrator").authority_codes
    page = administrator.get("/console/seals/make")
    others = {seal.authority_code for seal in register.all()} - {own}
    assert own in page.text and not any(code in page.text for code in others)
    asked = {"authority_code": own, "name": "卫生许可专用章", "filing_number": "4417020000099"}
    refused = administrator.send("/console/seals/make", page, **asked)
    assert refused.status_code == 409 and "卫生许可专用章" in refused.text
    [before] = register.all(authority_codes=[own])
    register.destroy(before.key_id, "测试")
    wrong = administrator.send("/console/seals/make", page, **asked, picture=(io.BytesIO(b"no picture"), "a.png"))
    assert (wrong.status_code, "PNG" in wrong.text) == (422, True)
    assert administrator.send("/console/seals/make", page, **asked, width_mm="wide").status_code == 422
    stranger = administrator.send("/console/seals/make", page, **asked | {"authority_code": others.pop()})
    assert stranger.status_code == 403
    picture = (io.BytesIO(register.picture(before.key_id)), "seal.png")
    assert administrator.send("/console/seals/make", page, **asked, picture=picture).status_code == 303
    made = register.all(authority_codes=[own])[0]
    assert (made.name, made.state, made.filing_number) == ("卫生许可专用章", "in_use", "4417020000099")
    assert made.events[-1].actor_name == PEOPLE["administrator"][1]
    assert register.picture(made.key_id) == register.picture(before.key_id)
