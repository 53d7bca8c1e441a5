"""How much one may look up, of pages and API together; the queue, and the puzzle that lets in at once (docs/visits.md)."""

import hashlib
import re
from datetime import datetime, timedelta
from http.client import HTTPConnection

import pytest

from gateway.api.auth import PUBLIC
from gateway.app import create_app
from gateway.container import Container
from tests.api.conftest import form, problem_of
from tests.department_server import serving
from tests.faults.fault_http import free_port
from tests.gallery import POOR, RICH, UNREGISTERED

LIST = f"/api/v1/enterprises/{RICH}/licences"
CHANGING = re.compile(r"\d+|[0-9a-f]{32}|/e/\w+|about=\w*")


class Watch:
    """The clock of the gallery, moved on."""

    def __init__(self, clock):
        self.clock, self.ahead = clock, timedelta()

    def __call__(self):
        return self.clock() + self.ahead


@pytest.fixture
def limited(gallery):
    """A client of the gallery's gateway with other limits; its ``watch`` can be moved on."""

    def make(**settings):
        watch = Watch(gallery.container.clock)
        container = Container(gallery.container.settings.model_copy(update=settings), watch)
        client = create_app(container).test_client()
        client.watch, client.container = watch, container
        return client

    return make


@pytest.fixture
def crowded(limited):
    """A gateway where every look-up needs a proof of work."""
    return limited(proof_of_work_bits=8, proof_of_work_above=0)


def main_of(page):
    return re.sub(r"\s+", " ", page.text.partition("<main")[2].partition("</main>")[0])


def answer_of(puzzle, bits):
    """Worked out from what docs/visits.md says."""
    code = puzzle.rpartition("-")[2]
    return next(
        str(number)
        for number in range(1 << 24)
        if int.from_bytes(hashlib.sha256(f"{code}.{number}".encode()).digest()) < 1 << (256 - bits)
    )


def solved(answer):
    asked = problem_of(answer, 429, "PROOF_OF_WORK_REQUIRED")["proof_of_work"]
    return f"{asked['puzzle']}.{answer_of(asked['puzzle'], asked['bits'])}"


def fields_of(page):
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="(.*?)">', page.text))


def test_who_asks_too_often_waits(limited):
    asking = limited(lookups_per_minute=3)
    answers = [asking.get(f"/e/{code}") for code in (RICH, POOR, UNREGISTERED, RICH, UNREGISTERED)]
    assert [each.status_code for each in answers] == [200, 200, 404, 429, 429]
    page = answers[3]
    seconds = int(page.headers["Retry-After"])
    assert 1 <= seconds <= 21
    assert f"{seconds} 秒后再试" in page.text
    assert 'href="?">再试一次' in page.text
    assert "这不说明证照是真是假" in page.text
    # Registered or not: whoever is kept waiting learns nothing.
    assert CHANGING.sub("", main_of(page)) == CHANGING.sub("", main_of(answers[4]))
    assert asking.get("/about").status_code == 200
    assert asking.post("/", data={"text": RICH}).status_code == 303
    assert "再试一次" not in asking.post("/paper", data={"text": RICH}).text


def test_pages_and_api_count_together(limited):
    asking = limited(lookups_per_minute=4)
    assert [asking.get(path).status_code for path in (f"/e/{RICH}", LIST, f"/e/{POOR}", LIST, LIST)] == [200] * 4 + [
        429
    ]
    refused = asking.get(LIST)
    assert "说明" in problem_of(refused, 429, "TOO_MANY_REQUESTS")["detail"]
    assert 1 <= int(refused.headers["Retry-After"]) <= 15
    # What is the same for everyone, and who has a cap of its own, is not counted.
    assert asking.get("/trust/keys").status_code == asking.get("/api/v1/challenge-phrase").status_code == 200
    assert asking.get("/api/v1/licences").status_code == 401


def test_one_code_is_limited_for_all_addresses_together(limited):
    asking = limited(code_lookups_per_minute=2)

    def ask(number, path):
        return asking.get(path, environ_base={"REMOTE_ADDR": f"192.0.2.{number}"}).status_code

    paths = [f"/e/{RICH}", LIST, f"/e/{RICH}", f"/e/{RICH.lower()}", LIST]
    assert [ask(number, path) for number, path in enumerate(paths)] == [200, 200, 429, 429, 429]
    for spelling in (f"{RICH} ", f" {RICH[:8]} {RICH[8:]}", RICH.translate({ord("9"): "９"})):
        problem_of(asking.get(f"/api/v1/enterprises/{spelling}/licences"), 429, "TOO_MANY_REQUESTS")
        assert asking.get(f"/e/{spelling}").status_code == 429
    written = f"http://www.gsxt.gov.cn/index.html?uniscid={RICH}"
    problem_of(asking.post("/api/v1/resolutions", json={"text": written}), 429, "TOO_MANY_REQUESTS")
    assert asking.get(f"/e/{POOR}").status_code == 200


def test_of_a_subnet_of_ipv6_any_address_is_the_same_visitor(limited):
    asking = limited(lookups_per_minute=2)
    addresses = ["2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:0:1::1", "::ffff:192.0.2.1"]
    found = [asking.get(LIST, environ_base={"REMOTE_ADDR": address}).status_code for address in addresses]
    assert found == [200, 200, 429, 200, 200]


def test_a_header_changes_no_address_unless_it_comes_through_a_proxy_of_ours(limited):
    def ask(client, forwarded):
        return client.get(LIST, headers={"X-Forwarded-For": forwarded, "Forwarded": f"for={forwarded}"}).status_code

    nobody_in_front = limited(lookups_per_minute=2)
    assert [ask(nobody_in_front, f"192.0.2.{number}") for number in range(3)] == [200, 200, 429]
    proxy_elsewhere = limited(lookups_per_minute=2, trusted_proxy_networks=frozenset({"10.0.0.0/8"}))
    assert [ask(proxy_elsewhere, f"192.0.2.{number}") for number in range(3)] == [200, 200, 429]
    behind_proxy = limited(lookups_per_minute=2, trusted_proxy_networks=frozenset({"127.0.0.0/8"}))
    assert [ask(behind_proxy, f"192.0.2.{number}") for number in range(3)] == [200, 200, 200]
    # What the caller wrote before the proxy did is not believed.
    assert [ask(behind_proxy, f"198.51.100.{number}, 192.0.2.9") for number in range(3)] == [200, 200, 429]


def test_every_public_route_that_takes_a_name_or_a_file_is_counted(limited):
    """Whoever adds one decides here whether it is a look-up; with one look-up a minute, the second is refused."""
    free = {
        "/trust/<folder>/<name>", "/trust/log/tile/<path:path>", "/trust/status/<authority_code>/<int:number>",
        "/trust/ocsp/<path:encoded>", "/scripts/<wanted>/<name>",
        # Whoever has the token; counted for it.
        "/s/<token>", "/sign/v1/sessions/<token>", "/sign/v1/sessions/<token>/documents/<document_id>",
        "/sign/v1/sessions/<token>/events",
    }  # fmt: skip
    asking = limited(lookups_per_minute=1)
    assert asking.get(LIST).status_code == 200
    app, found = asking.application, set()
    for rule in app.url_map.iter_rules():
        if getattr(app.view_functions[rule.endpoint], "declared_access", None) != PUBLIC:
            continue
        if "GET" in rule.methods and rule.arguments:
            values = {name: "1" if name != "number" else 1 for name in rule.arguments}
            path = app.url_map.bind("").build(rule.endpoint, values)
            if asking.get(path).status_code != 429:
                found.add(rule.rule)
    assert found == free
    for path, sent in {
        "/": form(b"x", "a.png", "picture"), "/verify": form(b"x"), "/paper": form(b"x", "a.png", "picture"),
        "/wrong-entry": {"data": {"about": "a", "text": "b"}},
        "/api/v1/resolutions": {"json": {"text": "a"}}, "/api/v1/paper-checks": {"json": {"text": "a"}},
        "/api/v1/verifications": form(b"x"),
    }.items():  # fmt: skip
        assert asking.post(path, **sent).status_code == 429, path
    assert asking.post("/", data={"text": "粤卫公证字〔2024〕第1号"}).status_code == 429


def test_the_api_lets_in_who_solves_the_puzzle_once(crowded):
    refused = crowded.get(LIST)
    asked = problem_of(refused, 429, "PROOF_OF_WORK_REQUIRED")["proof_of_work"]
    assert (asked["bits"], asked["algorithm"], refused.headers["Retry-After"]) == (8, "SHA-256", "15")
    proof = solved(refused)
    assert crowded.get(LIST, headers={"Proof-Of-Work": proof}).status_code == 200
    problem_of(crowded.get(LIST, headers={"Proof-Of-Work": proof}), 429, "PROOF_OF_WORK_REQUIRED")


@pytest.mark.parametrize("wrong", ["answer", "address", "late", "bits", "empty", "nonsense"])
def test_a_proof_that_proves_nothing_lets_nobody_in(crowded, wrong):
    proof, sender = solved(crowded.get(LIST)), "127.0.0.1"
    puzzle = proof.partition(".")[0]
    if wrong == "answer":
        bad = (n for n in range(999) if hashlib.sha256(f"{puzzle.rpartition('-')[2]}.{n}".encode()).digest()[0])
        proof = f"{puzzle}.{next(bad)}"
    if wrong == "address":
        sender = "192.0.2.1"
    if wrong == "late":
        crowded.watch.ahead = timedelta(seconds=15 + 600)
    if wrong == "bits":
        proof = f"1-{proof.partition('-')[2]}"
    if wrong == "empty":
        proof = f"{puzzle}."
    if wrong == "nonsense":
        proof = "1-2-3"
    answer = crowded.get(LIST, headers={"Proof-Of-Work": proof}, environ_base={"REMOTE_ADDR": sender})
    problem_of(answer, 429, "PROOF_OF_WORK_REQUIRED")


def test_without_a_computer_the_wait_lets_in_once(crowded):
    puzzle = problem_of(crowded.get(LIST), 429, "PROOF_OF_WORK_REQUIRED")["proof_of_work"]
    waited = {"Proof-Of-Work": f"{puzzle['puzzle']}."}
    assert crowded.get(LIST, headers=waited).status_code == 429
    crowded.watch.ahead = datetime.fromisoformat(puzzle["opens_at"]) - crowded.watch.clock()
    assert [crowded.get(LIST, headers=waited).status_code for _ in range(2)] == [200, 429]


def test_puzzles_of_one_address_open_one_after_the_other(crowded):
    def opens():
        return datetime.fromisoformat(crowded.get(LIST).get_json()["proof_of_work"]["opens_at"])

    first, second, third = opens(), opens(), opens()
    assert timedelta(seconds=14) <= second - first <= timedelta(seconds=16)
    assert timedelta(seconds=29) <= third - first <= timedelta(seconds=31)
    # Whoever solves one gives its place back.
    crowded.get(LIST, headers={"Proof-Of-Work": solved(crowded.get(LIST))})
    assert opens() - third <= timedelta(seconds=17)


def test_a_queue_does_not_grow_for_ever_and_who_solves_passes_it(limited):
    asking = limited(proof_of_work_bits=8, proof_of_work_above=0, proof_of_work_wait_seconds=300)
    puzzles = [problem_of(asking.get(LIST), 429, "PROOF_OF_WORK_REQUIRED")["proof_of_work"] for _ in range(4)]
    assert [each["opens_at"] == each["ends_at"] for each in puzzles] == [False, False, True, True]
    asking.watch.ahead = timedelta(seconds=599)
    assert asking.get(LIST, headers={"Proof-Of-Work": f"{puzzles[3]['puzzle']}."}).status_code == 429
    answer = answer_of(puzzles[3]["puzzle"], 8)
    assert asking.get(LIST, headers={"Proof-Of-Work": f"{puzzles[3]['puzzle']}.{answer}"}).status_code == 200


def test_only_a_crowd_makes_puzzles(limited):
    asking = limited(proof_of_work_bits=8, proof_of_work_above=3, code_lookups_per_minute=0)
    answers = [asking.get(LIST, environ_base={"REMOTE_ADDR": f"192.0.2.{number}"}) for number in range(5)]
    assert [each.status_code for each in answers] == [200, 200, 200, 429, 429]
    busy_code = limited(proof_of_work_bits=8, code_lookups_per_minute=1)
    assert busy_code.get(LIST).status_code == 200
    assert busy_code.get(f"/e/{POOR}").status_code == 200
    assert busy_code.get(LIST, headers={"Proof-Of-Work": solved(busy_code.get(LIST))}).status_code == 200
    # Who asks for too much alone buys nothing by it.
    greedy = limited(proof_of_work_bits=8, lookups_per_minute=1)
    assert greedy.get(LIST).status_code == 200
    problem_of(greedy.get(LIST), 429, "TOO_MANY_REQUESTS")


def test_the_queue_page_looks_the_same_whatever_is_asked_for(crowded):
    pages = [crowded.get(f"/e/{code}") for code in (RICH, UNREGISTERED, "nonsense")]
    assert {page.status_code for page in pages} == {429}
    assert len({CHANGING.sub("", re.sub(r'value=".*?"', "", main_of(page))) for page in pages}) == 1
    english = crowded.get(f"/e/{RICH}", headers={"Accept-Language": "en"}).text
    assert "Please wait" in english
    assert "That says nothing about any licence." in english


def test_a_page_is_shown_after_the_wait_without_a_script(crowded):
    path = f"/e/{RICH}?state=revoked"
    fields = fields_of(crowded.get(path))
    assert fields["to"] == path
    early = crowded.post("/admission", data=fields)
    assert early.status_code == 429
    assert fields_of(early) == fields
    assert 1 <= int(early.headers["Retry-After"]) <= 15
    assert crowded.get_cookie("proof") is None
    crowded.watch.ahead = timedelta(seconds=16)
    let_in = crowded.post("/admission", data=fields)
    assert (let_in.status_code, let_in.location) == (303, path)
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(let_in.headers["Set-Cookie"].split("; "))
    page = crowded.get(path)
    assert page.status_code == 200
    assert crowded.get_cookie("proof") is None
    assert crowded.get(path).status_code == 429
    # The same proof again is worth nothing.
    crowded.post("/admission", data=fields)
    assert crowded.get(path).status_code == 429


def test_a_form_is_paid_for_with_the_page_that_it_leads_to(crowded, gallery):
    number = gallery.container.licences.public_answer(
        gallery.licences["in_force"].licence_identifier
    ).listed.licence_number
    queue = crowded.post("/", data={"text": number})
    assert (queue.status_code, fields_of(queue)["to"]) == (429, "/")
    assert "请再发送一次" in crowded.post("/", data={"text": number}).text
    crowded.watch.ahead = timedelta(seconds=16)
    crowded.post("/admission", data=fields_of(queue))
    page = crowded.post("/", data={"text": number}, follow_redirects=True)
    assert page.status_code == 200
    assert gallery.licences["in_force"].licence_identifier in page.request.path
    assert crowded.get(page.request.path).status_code == 429


@pytest.mark.parametrize(
    "to",
    ["", "//evil.example/", "/\\evil.example", "https://evil.example/", "evil", "/\t/evil.example", "\\\\evil", "/照"],
)
def test_the_way_in_leads_nowhere_else(crowded, to):
    answer = crowded.post("/admission", data={"puzzle": "x", "answer": "", "to": to})
    assert (answer.status_code, answer.location) == (303, "/")
    assert "Set-Cookie" not in answer.headers


def test_the_processes_of_a_server_count_together(fresh):
    port, settings = free_port(), fresh.settings
    url = settings.resolved_database_url
    with serving(settings.data_dir, port, workers=2, database_url=url, lookups_per_minute=20):
        statuses = []
        for _ in range(30):
            # A connection each, so that both workers are asked.
            connection = HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request("GET", f"/api/v1/enterprises/{POOR}/licences", headers={"X-Forwarded-For": "192.0.2.1"})
            statuses.append(connection.getresponse().status)
            connection.close()
    # 20 at once, and what is refilled meanwhile: one in three seconds.
    assert 20 <= statuses.count(200) <= 26
    assert set(statuses) == {200, 429}
