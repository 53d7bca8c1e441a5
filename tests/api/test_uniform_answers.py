"""What is not found is not found in the same words and the same time, whatever there is behind it.

Times are compared by the rank-sum test of Mann and Whitney over many rounds in which the kinds of guesses take turns, so that
load, which comes and goes, weighs on all alike. A control shows that the same test does tell apart what differs.
"""

import math
import random
import re
import statistics
import time
from itertools import combinations

import pytest

from gateway.app import create_app
from gateway.domain.actors import Scope
from gateway.domain.status import china_day
from tests.api.conftest import form
from tests.conftest import container_at
from tests.databases import forget_home
from tests.gallery import RICH, application
from tests.unit.services.actors import client as department

ROUNDS, TOO_FAR = 120, 4.5
"""Standard deviations: by chance one comparison in 150,000 lies so far off."""
CHANGING = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\dZ?|[0-9a-f]{32}")


@pytest.fixture(scope="module")
def container(gallery, tmp_path_factory):
    """The gallery once more, to be added to."""
    home = tmp_path_factory.mktemp("uniform") / "data"
    gallery.copy(home)
    copied = container_at(home)
    yield copied
    copied.deps.engine.dispose()
    forget_home(home)


@pytest.fixture(scope="module")
def client(container):
    return create_app(container).test_client()


@pytest.fixture(scope="module")
def hidden(gallery, container):
    """What is in the register and must not be told: a paper's digest, the number of a sample, a report of another reader."""
    container.samples.prepare()
    sandbox = department({Scope.LICENCES_ISSUE}, sandbox=True)
    today = china_day(container.clock())
    sample = application("公共场所卫生许可证", f"粤卫公证字〔{today.year}〕第441710991号", today)
    container.licences.issue(sample, actor=sandbox)
    report = container.verifications.verify(gallery.electronic("in_force"), "a.pdf")
    return {
        "paper": gallery.licences["in_force"].paper_sm3,
        "number": sample["ZZHM"],
        "report": report.report_number,
    }


def other(text, at=-1):
    """The same text with one character changed."""
    changed = "7" if text[at] != "7" else "8"
    return text[:at] + changed + text[at + 1 :] if at != -1 else text[:-1] + changed


def guesses(name, gallery, hidden):
    """(kind of guess, what is asked) of one route; texts of the same length."""
    identifier = gallery.licences["in_force"].licence_identifier
    match name:
        case "licence":
            return {
                "one character off": other(identifier),
                "another serial": other(identifier, -12),
                "another authority": other(identifier, -40),
                "nonsense": "x" * len(identifier),
            }
        case "digest":
            return {"a paper's": hidden["paper"], "unknown": "0" * 64, "one digit off": other(hidden["paper"])}
        case "number":
            number = hidden["number"]
            # Of the same form: that a text has another one is told by looking at it.
            nobody = re.sub(r"\d", "0", number)
            return {"a sample's": number, "unknown": number[:-2] + "7号", "nobody's": nobody}
    report = hidden["report"]
    return {
        "of the same file": other(report),
        "of another file": report[:9] + other(report[9:21]) + report[21:],
        "nonsense": "x" * len(report),
    }


ROUTES = {
    "/api/v1/licences/{}": "licence",
    "/api/v1/log/proofs/{}": "licence",
    "/l/{}": "licence",
    "/api/v1/digests/{}": "digest",
    "/reports/{}.json": "report",
    "POST /": "number",
}


def ask(client, route, guess):
    if route.startswith("POST "):
        return client.post(route.removeprefix("POST "), data={"text": guess})
    return client.get(route.format(guess))


def words(answer, guess):
    """The answer without what was asked, the instant and the id of the request."""
    return answer.status_code, answer.content_type, CHANGING.sub("", answer.text.replace(guess, ""))


def distance(first, second):
    """How far two samples lie apart in standard deviations, by the rank-sum test."""
    ranked = sorted([(value, 0) for value in first] + [(value, 1) for value in second])
    ranks = sum(rank for rank, (_, sample) in enumerate(ranked, 1) if sample == 0)
    one, two = len(first), len(second)
    mean, deviation = one * (one + two + 1) / 2, math.sqrt(one * two * (one + two + 1) / 12)
    return abs(ranks - mean) / deviation


def times(client, route, kinds, rounds=ROUNDS):
    """Seconds of each kind of guess, which take turns in an order that changes."""
    taken = {kind: [] for kind in kinds}
    for number in range(rounds + 10):
        for kind in random.sample(sorted(kinds), len(kinds)):
            started = time.perf_counter()
            ask(client, route, kinds[kind])
            if number >= 10:
                taken[kind].append(time.perf_counter() - started)
    return taken


@pytest.mark.parametrize("route", ROUTES)
def test_what_is_not_found_is_answered_in_the_same_words(client, gallery, hidden, route):
    kinds = guesses(ROUTES[route], gallery, hidden)
    found = {kind: words(ask(client, route, guess), guess) for kind, guess in kinds.items()}
    assert len(set(found.values())) == 1, found
    assert next(iter(found.values()))[0] in (404, 422)


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.alone
@pytest.mark.timeout(300)
def test_what_is_not_found_takes_the_same_time(client, gallery, hidden, route):
    taken = times(client, route, guesses(ROUTES[route], gallery, hidden))
    apart = {pair: distance(taken[pair[0]], taken[pair[1]]) for pair in combinations(sorted(taken), 2)}
    medians = {kind: statistics.median(each) for kind, each in taken.items()}
    assert max(apart.values()) < TOO_FAR, (apart, medians)


@pytest.mark.alone
def test_the_same_test_tells_apart_what_differs(client, gallery, hidden):
    """What is found takes longer than what is not: a few per cent would be seen, too."""
    kinds = {"found": gallery.licences["in_force"].licence_identifier, "not found": "x" * 80}
    taken = times(client, "/api/v1/licences/{}", kinds, rounds=60)
    assert distance(taken["found"], taken["not found"]) > TOO_FAR
    chance = random.Random(1)  # the same noise in every run
    noisy = [chance.lognormvariate(0, 0.1) for _ in range(ROUNDS)]
    slower = [1.08 * chance.lognormvariate(0, 0.1) for _ in range(ROUNDS)]
    assert distance(noisy, slower) > TOO_FAR


def test_what_is_hidden_leaks_by_no_other_way(client, gallery, hidden):
    """A sample's holder, paper and number are in no list, and a file of nobody gets no register's answer."""
    listed = client.get(f"/api/v1/enterprises/{RICH}/licences").text
    assert hidden["number"] not in listed
    assert hidden["paper"] not in listed
    altered = bytearray(gallery.electronic("in_force"))
    altered[len(altered) // 2] ^= 1
    assert hidden["report"] not in client.post("/api/v1/verifications", **form(bytes(altered))).text
