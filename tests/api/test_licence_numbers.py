"""The one box takes a licence's identifier and its printed number too."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from gateway.app import create_app
from gateway.domain.status import china_day
from gateway.persistence.models import Licence
from tests.conftest import vector_lines
from tests.gallery import application


@pytest.fixture
def client(fresh):
    return create_app(fresh).test_client()


@pytest.fixture
def licence(fresh):
    return fresh.licences.issue(
        application("公共场所卫生许可证", "粤卫公证字〔2026〕第44170777号", china_day(fresh.clock()))
    )


def led_to(client, text):
    response = client.post("/", data={"text": text})
    return response.status_code, response.headers.get("Location")


@pytest.mark.parametrize(
    "typed",
    [
        "粤卫公证字〔2026〕第44170777号",
        " 粤卫公证字（2026）第44170777号 ",
        "粤卫公证字(2026)第44170777号",
        "粤卫公证字[2026]第44170777号",
    ],
)
def test_a_number_leads_to_its_licence(client, licence, typed):
    assert led_to(client, typed) == (303, f"/l/{licence.licence_identifier}")


def test_an_identifier_leads_to_its_licence(client, licence):
    assert led_to(client, licence.licence_identifier) == (303, f"/l/{licence.licence_identifier}")
    assert client.get(f"/l/{licence.licence_identifier}").status_code == 200


@pytest.mark.parametrize("typed", ["粤卫公证字〔2026〕第4417077号", "%", "粤卫公证字〔2026〕%", "第44170777号"])
def test_what_is_no_whole_number_leads_nowhere(client, licence, typed):
    status, location = led_to(client, typed)
    assert (status, location) == (422, None)


def test_a_sample_is_not_found_by_its_number(fresh, licence):
    number = "粤卫公证字〔2026〕第44170777号"
    assert [each.licence_identifier for each in fresh.licence_numbers.find(number)] == [licence.licence_identifier]
    with fresh.deps.sessions.begin() as session:
        session.execute(update(Licence).values(is_sample=True))
    assert fresh.licence_numbers.find(number) == ()


@pytest.mark.parametrize("typed", ["", "x" * 129])
def test_what_cannot_be_a_number_is_not_asked_for(fresh, typed):
    assert fresh.licence_numbers.find(typed) == ()


def test_a_number_that_two_types_share_gives_both(fresh, client, licence):
    today = china_day(fresh.clock())
    other = next(line for line in vector_lines("applications") if line["ZZMC"] != "公共场所卫生许可证")
    until = {"YXQJSRQ": (today + timedelta(days=300)).isoformat()} if other.get("YXQJSRQ") else {}
    second = fresh.licences.issue(other | until | {"ZZHM": "粤卫公证字〔2026〕第44170777号"})
    page = client.post("/", data={"text": "粤卫公证字〔2026〕第44170777号"})
    words = page.get_data(as_text=True)
    assert page.status_code == 200
    assert f"/l/{licence.licence_identifier}" in words
    assert f"/l/{second.licence_identifier}" in words
