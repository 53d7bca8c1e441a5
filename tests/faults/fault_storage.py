"""The disk is full, a stored file is lost or altered, the database is gone: said in one sentence, never a wrong answer."""

import json
import shutil

from gateway.domain.answers import Genuine, InForce
from tests.faults.gateway import APPLICATIONS, breaches, command, container_at, records, set_up
from tests.faults.result import FaultResult

FILE_LIMITS_KIB = (16, 64, 512, 1536, 2048, 4096)
"""Largest file that the process may write, from one that no PDF fits into to one that the database outgrows."""


def run(folder):
    """A home for each fault, copied from one that was set up once."""
    clean = folder / "clean"
    container = set_up(clean)
    for application in records(APPLICATIONS)[:3]:
        container.licences.issue(application)
    container.deps.engine.dispose()
    return [
        full_disk(clean, folder / "full"),
        lost_files(clean, folder / "lost"),
        lost_database(clean, folder / "gone"),
    ]


def full_disk(clean, home):
    """Writing stops at a file size: as on a full disk, some writes go through and some do not."""
    survived, seen, first_breach, lost, doubled = 0, [], "", 0, 0
    for limit in FILE_LIMITS_KIB:
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(clean, home)
        said, status = issue(home, limit)
        found, count = breaches(home)
        again, after = issue(home, None)
        good = "Traceback" not in said and status in (0, 1, 2) and not found and count >= 3
        left, at_last = breaches(home)
        good = good and after == 0 and (left, at_last) == ([], len(records(APPLICATIONS)))
        lost += max(0, len(records(APPLICATIONS)) - at_last)
        doubled += max(0, at_last - len(records(APPLICATIONS)))
        survived += good
        seen.append(count)
        first_breach = first_breach or (
            "" if good else f"; BREACH at {limit} KiB: {found} {last_line(said)} {last_line(again)}"
        )
    detail = f"licences on disks of {list(FILE_LIMITS_KIB)} KiB: {seen}, then all{first_breach}"
    rounds = len(FILE_LIMITS_KIB)
    return FaultResult("disk full while issuing", rounds, survived, detail, lost=lost, doubled=doubled)


def issue(home, limit):
    """What ``issue`` says and its status, with files limited to so many KiB."""
    process = command(home, "issue", str(APPLICATIONS), file_limit_kib=limit)
    said, _ = process.communicate(timeout=300)
    return said.decode(), process.returncode


def lost_files(clean, home):
    """Every stored file is altered, cut off or removed in turn: its licence is never called genuine or in force."""
    shutil.copytree(clean, home)
    container = container_at(home)
    rounds = survived = 0
    try:
        application = records(APPLICATIONS)[0]
        path = container.licences.issue(application).electronic_file.local_path
        identifier = container.licences.issue(application).licence_identifier
        original = path.read_bytes()
        assert container.licences.public_answer(identifier).listed.genuine is Genuine.YES
        for damage in (original + b" ", original[:-1], b"", b"x" + original[1:], None):
            rounds += 1
            path.unlink()
            if damage is not None:
                path.write_bytes(damage)
            listed = container.licences.public_answer(identifier).listed
            survived += (listed.genuine, listed.in_force) == (Genuine.UNKNOWN, InForce.UNKNOWN)
            path.write_bytes(original)
    finally:
        container.deps.engine.dispose()
    return FaultResult(
        "stored file lost or altered", rounds, survived, "listed as undecided each time", wrong=rounds - survived
    )


def lost_database(clean, home):
    """The database file is removed or replaced by rubbish: one sentence, no trace, no verdict."""
    rounds = survived = 0
    first_breach = ""
    for rubbish in (None, b"", b"rubbish" * 10_000):
        rounds += 1
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(clean, home)
        for path in home.glob("gateway.db*"):
            path.unlink()
        if rubbish is not None:
            (home / "gateway.db").write_bytes(rubbish)
        process = command(home, "resolve", records(APPLICATIONS)[0]["CYRSFZJHM"], "--json")
        said, _ = process.communicate(timeout=60)
        good = process.returncode not in (0, 3) and b"Traceback" not in said and not is_json(said)
        survived += good
        first_breach = first_breach or (
            "" if good else f"; BREACH with {rubbish and rubbish[:7]}: {said[-200:].decode()}"
        )
    said = f"resolve says that it could not ask{first_breach}"
    return FaultResult("database lost or rubbish", rounds, survived, said, wrong=rounds - survived)


def last_line(said):
    """The sentence that a command ended with."""
    return said.strip().rpartition("\n")[2][-200:]


def is_json(said):
    """Whether an answer was given."""
    try:
        json.loads(said)
    except ValueError:
        return False
    return True
