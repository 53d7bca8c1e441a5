"""The work at the window, page by page, without a browser."""

import re
from datetime import timedelta

import pytest

from gateway.domain.status import china_day, day_start
from gateway.persistence.models import LicenceVersion
from tests.conftest import days_ahead
from tests.console_office import DUPLICATE_FORM, FORM, RICH, Browser, fields, office

__all__ = ["office"]
NUMBER = "粤卫公证字〔2026〕第441702001号"
FILLED = {"number": NUMBER, "item_0": "阳江市江城区海陵路91号", "item_1": "宾馆；理发店"}


@pytest.fixture
def app(office):
    return office.app()


@pytest.fixture
def clerk(office, app):
    return Browser(office, app, "window")


@pytest.fixture
def issue_path(office):
    kind = office.container.catalogue.load().types_by_name["公共场所卫生许可证"]
    return f"/console/enterprises/{RICH}/issue?type={kind.local_type_code}"


@pytest.fixture
def licence_path(clerk, issue_path):
    page = clerk.submit(issue_path, step="preview", **FILLED)
    return clerk.send(issue_path, page, step="issue").headers["Location"]


def word(page):
    return re.search(r'<h1 id="status">(.*?)</h1>', page.text)[1]


def test_search_finds_by_name_code_number_and_identifier(clerk, licence_path):
    home = f"/console/enterprises/{RICH}"
    for text in ("漠江泰和", RICH, RICH.lower(), NUMBER, licence_path.rpartition("/")[2]):
        assert clerk.get(f"/console/enterprises?text={text}").headers["Location"] == home
    many = clerk.get("/console/enterprises?text=阳江")
    assert many.text.count('class="licence unknown bare"') > 10
    assert "没有找到企业" in clerk.get("/console/enterprises?text=%25").text
    assert clerk.get("/console/enterprises/91441702MA0000000X").status_code == 404
    assert NUMBER in clerk.get(home).text


def test_errors_stand_by_their_fields_and_nothing_is_lost(clerk, issue_path):
    first = fields(clerk.get(issue_path).text)
    assert first["issued_on"] == first["valid_from"]
    assert first["valid_until"] > first["valid_from"]
    wrong = {
        "number": "字" * 65,
        "item_0": "",
        "item_1": "宾馆",
        "valid_until": "2020-01-01",
        "commitments": "保持卫生",
        "check_on": "2020-01-01",
        "papers_by": days_ahead(60),
        "duplicates": "99",
    }
    page = clerk.submit(issue_path, step="preview", **wrong)
    assert page.status_code == 422
    assert {name: fields(page.text)[name] for name in wrong} == wrong
    ids = set(re.findall(r'class="wrong" id="(\w+)-wrong"', page.text))
    assert ids == {"duplicates"}
    page = clerk.send(issue_path, page, step="preview", duplicates="0")
    assert set(re.findall(r'id="(\w+)-wrong"', page.text)) == {"missing_papers"}
    page = clerk.send(issue_path, page, step="preview", papers_by="")
    assert set(re.findall(r'class="wrong" id="(\w+)-wrong"', page.text)) == {"number", "item_0", "valid_until"}
    assert re.search(r'id="number"[^>]* autofocus aria-invalid="true"', page.text)
    fixed = {"number": NUMBER, "item_0": "海陵路91号", "valid_until": days_ahead(800)}
    page = clerk.send(issue_path, page, step="preview", **fixed)
    assert set(re.findall(r'class="wrong" id="(\w+)-wrong"', page.text)) == {"check_on"}


def test_issue_is_previewed_can_be_changed_and_happens_once(office, clerk, issue_path):
    page = clerk.submit(
        issue_path, step="preview", commitments="保持卫生\n定期检测", check_on=days_ahead(200), **FILLED
    )
    assert "将要签发的内容" in page.text
    assert "保持卫生<br>定期检测" in page.text
    again = clerk.send(issue_path, page, step="edit")
    assert fields(again.text)["commitments"] == "保持卫生\n定期检测"
    page = clerk.send(issue_path, again, step="preview", item_1="游泳馆")
    first = clerk.send(issue_path, page, step="issue")
    second = clerk.send(issue_path, page, step="issue")
    assert (first.status_code, first.headers["Location"]) == (303, second.headers["Location"])
    conflict = clerk.send(issue_path, page, step="issue", item_1="另一项")
    assert conflict.status_code == 409
    assert "内容不同" in conflict.text
    shown = clerk.get(first.headers["Location"])
    assert "游泳馆" in shown.text
    assert word(shown) == "有效"
    assert len(office.container.dossiers.holder(RICH, actor=office.actor("window"))[1]) == 1


def test_the_time_of_an_application_is_taken_in_china_time(office, clerk, issue_path):
    wrong = clerk.submit(issue_path, step="preview", **FILLED, applied_at="昨天")
    assert set(re.findall(r'class="wrong" id="(\w+)-wrong"', wrong.text)) == {"applied_at"}
    late = clerk.send(issue_path, wrong, step="preview", applied_at=f"{days_ahead(1)}T09:00")
    assert re.findall(r'class="wrong" id="(\w+)-wrong"', late.text) == ["applied_at"]
    assert "申请时间晚于发证日期" in late.text
    today = china_day(office.clock())
    page = clerk.send(issue_path, late, step="preview", applied_at=f"{today}T00:30")
    assert f"{today} 00:30" in page.text
    issued = clerk.send(issue_path, page, step="issue").headers["Location"].rpartition("/")[2]
    with office.container.deps.sessions() as session:
        assert session.get(LicenceVersion, issued).applied_at == day_start(today) + timedelta(minutes=30)


def test_the_start_page_shows_what_is_due(office, clerk, issue_path):
    due = china_day(office.clock() + timedelta(days=30)).isoformat()
    page = clerk.submit(issue_path, step="preview", commitments="定期检测", check_on=due, **FILLED)
    clerk.send(issue_path, page, step="issue")
    assert "定期检测" in clerk.get("/console/").text
    assert "待办" in clerk.get("/console/").text
    office.clock.advance(days=31)
    assert "已逾期" in Browser(office, office.app(), "approver").get("/console/").text


def test_types_of_other_authorities_are_not_offered(office, clerk):
    foreign = office.container.catalogue.load().types_by_name["食品经营许可证"].local_type_code
    page = clerk.get(f"/console/enterprises/{RICH}/issue?type={foreign}")
    assert "选择证照类型" in page.text
    assert f"issue?type={foreign}" not in page.text


def test_print_by_scan_reprint_hand_over_and_void(clerk, licence_path):
    page = clerk.get(licence_path + "/papers/0/print")
    assert re.search(r'id="serial_number"[^>]* autofocus', page.text)
    assert clerk.get(licence_path + "/papers/0.pdf").data.startswith(b"%PDF")
    assert clerk.get(licence_path + "/hand-over").status_code == 404
    unknown = clerk.send(licence_path + "/papers/0/print", page, serial_number="WS9999")
    assert "库存中没有此编号" in unknown.text
    assert fields(unknown.text)["serial_number"] == "WS9999"
    assert clerk.send(licence_path + "/papers/0/print", page, serial_number="ws0001").status_code == 303
    # The same form sent twice: the licence has changed since it was opened.
    assert clerk.send(licence_path + "/papers/0/print", page, serial_number="WS0002").status_code == 412
    used = clerk.submit(licence_path + "/papers/1/print", form=FORM, serial_number="WS0001")
    assert (used.status_code, "已不在库" in used.text) == (409, True)
    assert (
        clerk.submit(licence_path + "/papers/1/print", form=DUPLICATE_FORM, serial_number="WF0001").status_code == 303
    )
    missing = clerk.submit(licence_path + "/papers/0/print", serial_number="WS0002")
    assert 'id="reason-wrong"' in missing.text
    assert clerk.submit(licence_path + "/papers/0/print", serial_number="WS0002", reason="卡纸").status_code == 303
    assert 'id="collected_by-wrong"' in clerk.submit(licence_path + "/hand-over", collected_by=" ").text
    assert clerk.submit(licence_path + "/hand-over", collected_by="黄某某").status_code == 303
    shown = clerk.get(licence_path)
    assert shown.text.count("已领取") == 2
    assert clerk.submit(licence_path + "/papers/1/void", reason="污损").status_code == 303
    assert clerk.submit(licence_path + "/papers/0/take_back", reason="换发收回").status_code == 303
    shown = clerk.get(licence_path)
    assert ("已作废" in shown.text, "已收回" in shown.text) == (True, True)


def test_a_number_of_several_kinds_asks_for_the_kind(office, clerk, licence_path):
    office.container.blank_forms.receive(office.authority(), DUPLICATE_FORM, "WS0001", "WS0001")
    page = clerk.submit(licence_path + "/papers/0/print", serial_number="WS0001")
    assert 'id="form-wrong"' in page.text
    assert clerk.send(licence_path + "/papers/0/print", page, form=FORM).status_code == 303


def test_suspend_restore_and_cancel_name_ground_and_reason(clerk, licence_path):
    page = clerk.submit(licence_path + "/suspend", legal_ground="", reason="")
    assert set(re.findall(r'class="wrong" id="(\w+)-wrong"', page.text)) == {"legal_ground", "reason"}
    assert (
        clerk.send(licence_path + "/suspend", page, legal_ground="条例第十四条", reason="整改期间").status_code == 303
    )
    assert word(clerk.get(licence_path)) == "已暂扣"
    assert clerk.submit(licence_path + "/restore", legal_ground="条例", reason="整改完成").status_code == 303
    day = days_ahead(1600)
    later = clerk.submit(licence_path + "/cancel", legal_ground="许可法", reason="申请", effective_on=day)
    assert later.status_code == 303
    assert word(clerk.get(licence_path)) == "有效"
    assert day in clerk.get(licence_path).text
    assert clerk.submit(licence_path + "/suspend", legal_ground="x", reason="y", effective_on="昨天").status_code == 422


def test_versions_start_from_the_licence_as_it_reads(clerk, licence_path):
    path = licence_path + "/versions/amendment"
    page = clerk.get(path)
    assert fields(page.text)["item_1"] == FILLED["item_1"]
    assert "number" not in fields(page.text)
    refused = clerk.send(path, page, step="preview", item_1="游泳馆")
    assert set(re.findall(r'class="wrong" id="(\w+)-wrong"', refused.text)) == {"reason"}
    preview = clerk.send(path, refused, step="preview", reason="增加项目")
    done = clerk.send(path, preview, step="issue")
    assert done.status_code == 303, done.text
    assert done.headers["Location"] == clerk.send(path, preview, step="issue").headers["Location"]
    old, new = clerk.get(licence_path), clerk.get(done.headers["Location"])
    assert (word(old), word(new)) == ("已换发", "有效")
    assert "打开最新版本" in old.text
    assert "变更" in new.text
    assert clerk.get(licence_path + "/versions/issue").status_code == 404


def test_an_obligation_is_settled(clerk, issue_path):
    page = clerk.submit(issue_path, step="preview", missing_papers="检测报告", papers_by=days_ahead(60), **FILLED)
    path = clerk.send(issue_path, page, step="issue").headers["Location"]
    link = re.search(r'href="([^"]*/obligations/\d+)"', clerk.get(path).text)[1]
    assert clerk.submit(link, outcome="", note="").status_code == 422
    assert clerk.submit(link, outcome="broken", note="逾期未交").status_code == 303
    assert "未履行" in clerk.get(path).text


def test_stock_is_taken_in_and_put_aside(clerk):
    assert clerk.submit("/console/stock/receive", form="新表", first="A1", last="B2").status_code == 422
    assert clerk.submit("/console/stock/receive", form="新表", first="A01", last="A10").status_code == 303
    again = clerk.submit("/console/stock/receive", form="新表", first="A10", last="A12")
    assert (again.status_code, "已入库" in again.text) == (409, True)
    assert (
        clerk.submit("/console/stock/put-aside", form="新表", serials="", state="spoiled", reason="x").status_code
        == 422
    )
    done = clerk.submit("/console/stock/put-aside", form="新表", serials="A01\nA02\n", state="returned", reason="退回")
    assert done.status_code == 303
    assert "A03" in clerk.get("/console/stock").text


def test_accounts_are_made_and_reset_and_the_password_is_shown_once(office, app):
    keeper = Browser(office, app, "administrator")
    page = keeper.submit("/console/staff/create", account="Bad Account", name="")
    assert set(re.findall(r'id="(\w+)-wrong"', page.text)) >= {"account", "name", "roles"}
    made = keeper.send("/console/staff/create", page, account="new.clerk", name="新人", roles=["window"])
    assert made.status_code == 201
    password = re.search(r'id="first-password">(.*?)<', made.text)[1]
    assert password not in keeper.get("/console/staff").text
    assert Browser(office, app).sign_in("new.clerk", password).status_code == 303
    again = keeper.submit("/console/staff/new.clerk/reset")
    assert re.search(r'id="first-password">(.*?)<', again.text)[1] != password
    assert keeper.submit("/console/staff/new.clerk/disable").status_code == 303
    assert "已停用" in keeper.get("/console/staff").text
    assert keeper.submit("/console/staff/new.clerk/enable").status_code == 303
    assert keeper.get("/console/staff/stranger/reset").status_code == 404


def test_what_is_typed_is_never_markup(clerk, licence_path):
    page = clerk.submit(licence_path + "/suspend", legal_ground='"><script>x</script>', reason="")
    assert "<script>" not in page.text
    assert fields(page.text)["legal_ground"] == '"><script>x</script>'


def test_drifts_are_found_shown_and_exported(office, clerk, licence_path):
    assert "一致" in clerk.get("/console/reconciliation").text
    clerk.submit(licence_path + "/papers/0/print", serial_number="WS0001")
    clerk.submit(licence_path + "/papers/0/void", reason="污损")
    page = clerk.get("/console/reconciliation")
    assert "证照有效，纸质已作废或收回" in page.text
    assert licence_path in page.text
    assert "纸质已作废或收回" in clerk.get("/console/").text
    file = clerk.get("/console/reconciliation.csv")
    assert (file.mimetype, NUMBER in file.text, file.text[0]) == ("text/csv", True, "\ufeff")
    foreign = Browser(office, office.app(), "stranger")
    assert NUMBER not in foreign.get("/console/reconciliation").text
    assert NUMBER not in foreign.get("/console/reconciliation.csv").text


def test_a_wrong_entry_is_settled_with_a_note_that_stays_on_the_page(office, clerk, app):
    number = office.container.wrong_entries.report(RICH, "地址有误")
    path = f"/console/wrong-entries/{number}"
    assert f'href="{path}"' in clerk.get("/console/wrong-entries").text
    opened = clerk.get(path)
    assert "地址有误" in opened.text
    assert f"/console/enterprises?text={RICH}" in opened.text
    for wrong, typed in (("outcome", {"note": "已更正"}), ("note", {"outcome": "corrected", "note": " "})):
        page = clerk.send(path, opened, **typed)
        assert page.status_code == 422
        assert re.findall(r'class="wrong" id="(\w+)-wrong"', page.text) == [wrong]
        assert fields(page.text).items() >= {name: text.strip() for name, text in typed.items()}.items()
    assert clerk.send(path, opened, outcome="corrected", note="<b>已按营业执照更正").status_code == 303
    late = clerk.send(path, opened, outcome="unclear", note="看不懂")
    assert (late.status_code, "已由他人处理" in late.text) == (412, True)
    assert clerk.get(path).status_code == 404
    assert clerk.get("/console/wrong-entries/9999999999").status_code == 404
    shown = Browser(office, app, "approver").get("/console/wrong-entries?before=x").text
    assert "没有待处理的报告" in shown
    assert "&lt;b&gt;已按营业执照更正" in shown
    assert ("梁窗口" in shown, ">已更正<" in shown) == (True, True)
    assert "最近处理的" in clerk.get(f"/console/wrong-entries?before={number}").text
