"""The transparency log: nothing is lost, nothing is twice, and whatever is changed is found."""

import shutil
import threading

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DatabaseError, SQLAlchemyError

from gateway.domain.checkpoints import read_checkpoint, verify_checkpoint
from gateway.domain.merkle import SM3_TREE, verify_consistency, verify_inclusion
from gateway.errors import (
    ConfigurationError,
    GatewayError,
    LogBrokenError,
    NotFoundError,
    RegistryUnavailableError,
    ValidationFailedError,
)
from gateway.persistence.models import AuditEvent, LicenceVersion, LogCheckpoint, LogLeaf, QueuedEvent
from gateway.services.log_rows import event_query, logged_event
from gateway.services.log_tile_check import verify_tiles
from tests.unit.services.log_gateway import behind_the_triggers, container_at, event, insert_events


def kinds(findings):
    return sorted({fault.kind for fault in findings.faults})


def rows_named(findings, kind):
    return [fault.leaf_index for fault in findings.faults if fault.kind == kind]


def tiles_of(container, **more):
    certificates = container.deps.log_certificates()
    return verify_tiles(container.deps.log_dir, more.pop("note", None), certificates, **more)


def count(container, model):
    with container.deps.sessions() as session:
        return session.scalar(select(func.count()).select_from(model))


def test_every_event_becomes_a_leaf_under_a_signed_checkpoint(logging):
    insert_events(logging, 20)
    assert logging.log.backlog() == 20
    done = logging.log.sequence()
    assert (done.leaves, done.size, logging.log.backlog()) == (20, 20, 0)
    note = logging.log.checkpoint_note()
    checkpoint = verify_checkpoint(note, logging.deps.log_certificates())
    assert (checkpoint.origin, checkpoint.size) == ("log.example/trust/log", 20)
    assert logging.log_publication.files.note() == note
    assert logging.log_audit.verify().faults == tiles_of(logging).faults == ()


def test_without_events_nothing_is_signed(logging):
    assert logging.log.sequence().size == 0
    assert logging.log.checkpoint_note() is None
    insert_events(logging, 1)
    logging.log.sequence()
    first = logging.log.checkpoint_note()
    assert logging.log.sequence().leaves == 0
    assert logging.log.checkpoint_note() == first


def test_the_log_grows_over_tiles_and_every_two_checkpoints_are_consistent(logging):
    notes = []
    for batch in (1, 255, 1, 270, 7):
        with logging.deps.sessions.begin() as session:
            session.add_all([event(number) for number in range(batch)])
        logging.log.sequence()
        notes.append(read_checkpoint(logging.log.checkpoint_note()))
    assert [note.size for note in notes] == [1, 256, 257, 527, 534]
    for old in notes:
        for new in notes[notes.index(old) :]:
            found = logging.log_proofs.consistency(old.size, new.size)
            proof = [bytes.fromhex(part) for part in found.consistency_proof]
            assert verify_consistency(SM3_TREE, old.size, new.size, proof, old.root, new.root)
    assert tiles_of(logging).is_whole
    assert not list(logging.deps.log_dir.glob("tile/0/000.p/*"))
    # The files are made again from the database, the same to the last octet.
    before = {path: path.read_bytes() for path in logging.deps.log_dir.glob("tile/*/*") if path.is_file()}
    shutil.rmtree(logging.deps.log_dir)
    logging.log_publication.publish()
    assert before
    assert {path: path.read_bytes() for path in before} == before
    assert tiles_of(logging).is_whole


def test_an_event_that_commits_late_is_not_passed_over(logging):
    if logging.deps.engine.dialect.name == "sqlite":
        # The one writer of SQLite cannot be overtaken: the second transaction waits for the first.
        insert_events(logging, 2)
        assert logging.log.sequence().leaves == 2
        return
    early = logging.deps.sessions()
    early.add(event(1))
    early.flush()
    insert_events(logging, 1, first=2)
    assert logging.log.sequence().leaves == 1
    early.commit()
    early.close()
    assert logging.log.sequence().leaves == 1
    with logging.deps.sessions() as session:
        order = session.scalars(select(LogLeaf.event_id).order_by(LogLeaf.leaf_index)).all()
    assert order == [2, 1]
    assert logging.log_audit.verify().is_whole


def test_many_writers_and_sequencers_at_once_lose_nothing(logging):
    stop, errors = threading.Event(), []

    def keep_sequencing():
        while not stop.is_set():
            try:
                logging.log.sequence()
            except (GatewayError, SQLAlchemyError, OSError) as error:
                errors.append(error)

    sequencers = [threading.Thread(target=keep_sequencing) for _ in range(3)]
    writers = [threading.Thread(target=insert_events, args=(logging, 40, 100 * n)) for n in range(4)]
    for thread in (*sequencers, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    for thread in sequencers:
        thread.join()
    assert errors == []
    logging.log.sequence()
    assert count(logging, LogLeaf) == count(logging, AuditEvent) == 160
    assert logging.log_audit.verify().is_whole and tiles_of(logging).is_whole


@pytest.mark.parametrize("table", ["audit_events", "log_leaves", "log_checkpoints"])
def test_the_database_refuses_changes(logging, table):
    insert_events(logging, 2)
    logging.log.sequence()
    key = {"audit_events": "id", "log_leaves": "leaf_index", "log_checkpoints": "size"}[table]
    statements = [f"UPDATE {table} SET {key} = {key}", f"DELETE FROM {table}"]
    if logging.deps.engine.dialect.name == "sqlite":
        statements.append(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")
    else:
        statements.append(f"TRUNCATE {table} CASCADE")
    for statement in statements:
        with pytest.raises(DatabaseError, match="insert-only"), logging.deps.engine.begin() as connection:
            connection.execute(text(statement))
    assert logging.log_audit.verify().is_whole


@pytest.mark.parametrize(
    "change",
    [
        "occurred_at = '2025-01-01 00:00:00'",
        "action = 'licence_issued'",
        "subject = '1.2.156.2'",
        """detail = '{"status": "valid", "reason": "第3号"}'""",
        """detail = '{"status": "revoked", "reason": "第4号"}'""",
        """actor = '{"kind": "operator", "id": "o", "name": "李"}'""",
        "salt = '00000000000000000000000000000000'",
    ],
)
def test_each_changed_column_of_an_event_is_found(logging, change):
    insert_events(logging, 6)
    logging.log.sequence()
    behind_the_triggers(logging, f"UPDATE audit_events SET {change} WHERE id = 4")
    findings = logging.log_audit.verify()
    assert [(fault.kind, fault.leaf_index, fault.event_id) for fault in findings.faults] == [("changed", 3, 4)]
    assert tiles_of(logging).is_whole  # what was published before stays right


def test_a_column_that_cannot_even_be_read_is_found(logging):
    insert_events(logging, 6)
    logging.log.sequence()
    broken = "detail = '[]'" if logging.deps.engine.dialect.name == "postgresql" else "detail = '{'"
    behind_the_triggers(logging, f"UPDATE audit_events SET {broken} WHERE id = 4")
    assert rows_named(logging.log_audit.verify(), "changed") == [3]


def test_a_changed_id_and_a_removed_event_are_found(logging):
    insert_events(logging, 6)
    logging.log.sequence()
    behind_the_triggers(
        logging, "UPDATE audit_events SET id = 99 WHERE id = 4", "DELETE FROM audit_events WHERE id = 6"
    )
    findings = logging.log_audit.verify()
    assert rows_named(findings, "missing") == [3, 5]
    assert [fault.event_id for fault in findings.faults if fault.kind == "unlogged"] == [99]


def test_an_event_that_was_put_in_past_the_log_is_found(logging):
    insert_events(logging, 3)
    logging.log.sequence()
    columns = "occurred_at, action, subject, detail, actor, salt"
    behind_the_triggers(
        logging, f"INSERT INTO audit_events (id, {columns}) SELECT 77, {columns} FROM audit_events WHERE id = 2"
    )
    assert [(fault.kind, fault.event_id) for fault in logging.log_audit.verify().faults] == [("unlogged", 77)]


@pytest.mark.parametrize("keeps_tiles", [True, False])
def test_a_removed_leaf_is_found(logging, keeps_tiles):
    insert_events(logging, 6)
    logging.log.sequence()
    if not keeps_tiles:
        shutil.rmtree(logging.deps.log_dir)
    behind_the_triggers(logging, "DELETE FROM log_leaves WHERE leaf_index IN (2, 3)")
    findings = logging.log_audit.verify()
    assert rows_named(findings, "missing") == [2, 3]
    assert "root_differs" in kinds(findings)


def test_the_end_cut_off_is_found(logging):
    insert_events(logging, 6)
    logging.log.sequence()
    behind_the_triggers(logging, "DELETE FROM log_leaves WHERE leaf_index > 3", "DELETE FROM audit_events WHERE id > 4")
    findings = logging.log_audit.verify()
    assert kinds(findings) == ["root_differs"]
    assert "4" in findings.faults[0].detail and "6" in findings.faults[0].detail


def test_a_rollback_of_everything_is_found_by_what_was_published_or_kept(logging):
    insert_events(logging, 4)
    logging.log.sequence()
    insert_events(logging, 2)
    logging.log.sequence()
    kept = logging.log.checkpoint_note()
    behind_the_triggers(
        logging,
        "DELETE FROM log_leaves WHERE leaf_index > 3",
        "DELETE FROM audit_events WHERE id > 4",
        "DELETE FROM log_checkpoints WHERE size > 4",
    )
    assert kinds(logging.log_audit.verify()) == ["root_differs"]
    with pytest.raises(LogBrokenError, match="6 leaves were published"):
        logging.log.sequence()
    shutil.rmtree(logging.deps.log_dir)
    assert logging.log_audit.verify().is_whole  # nothing here remembers more than 4
    assert kinds(logging.log_audit.verify(kept)) == ["root_differs"]


def test_reordered_rows_are_found(logging):
    insert_events(logging, 6)
    logging.log.sequence()
    behind_the_triggers(
        logging,
        "UPDATE log_leaves SET event_id = -1 WHERE leaf_index = 1",
        "UPDATE log_leaves SET event_id = 2 WHERE leaf_index = 4",
        "UPDATE log_leaves SET event_id = 5 WHERE leaf_index = 1",
    )
    assert rows_named(logging.log_audit.verify(), "reordered") == [1, 4]
    behind_the_triggers(
        logging,
        "UPDATE log_leaves SET leaf_index = -1 WHERE leaf_index = 1",
        "UPDATE log_leaves SET leaf_index = 1 WHERE leaf_index = 4",
        "UPDATE log_leaves SET leaf_index = 4 WHERE leaf_index = -1",
    )
    # Events stand in their old order again, each with the other's hash.
    assert rows_named(logging.log_audit.verify(), "hash_changed") == [1, 4]


def test_a_whole_row_moved_with_its_hash_is_found(logging):
    insert_events(logging, 6)
    logging.log.sequence()
    behind_the_triggers(
        logging,
        "UPDATE log_leaves SET leaf_index = -1 WHERE leaf_index = 1",
        "UPDATE log_leaves SET leaf_index = 1 WHERE leaf_index = 4",
        "UPDATE log_leaves SET leaf_index = 4 WHERE leaf_index = -1",
    )
    findings = logging.log_audit.verify()
    assert rows_named(findings, "reordered") == [1, 4]
    assert "root_differs" in kinds(findings)


def test_an_event_changed_together_with_its_leaf_is_found(logging):
    insert_events(logging, 6)
    logging.log.sequence()
    behind_the_triggers(logging, "UPDATE audit_events SET subject = '1.2.156.9' WHERE id = 4")
    with logging.deps.sessions() as session:
        forged = session.execute(event_query().where(AuditEvent.id == 4)).one()
    leaf = SM3_TREE.leaf(logged_event(forged).entry()).hex()
    literal = f"'\\x{leaf}'::bytea" if logging.deps.engine.dialect.name == "postgresql" else f"X'{leaf}'"
    behind_the_triggers(logging, f"UPDATE log_leaves SET leaf_hash = {literal} WHERE event_id = 4")
    findings = logging.log_audit.verify()
    assert rows_named(findings, "changed") == [3]
    assert kinds(findings) == ["changed", "root_differs"]


@pytest.mark.parametrize("change", ["note = 'x'", "size = 5", "peaks = peaks || peaks"])
def test_a_changed_checkpoint_is_found_and_nothing_is_signed_on_it(logging, change):
    insert_events(logging, 6)
    logging.log.sequence()
    behind_the_triggers(logging, f"UPDATE log_checkpoints SET {change}")
    assert kinds(logging.log_audit.verify()) == ["checkpoint_wrong"]
    insert_events(logging, 1)
    with pytest.raises((LogBrokenError, DatabaseError, RegistryUnavailableError)):
        logging.log.sequence()
    assert count(logging, LogCheckpoint) == 1


def test_an_event_that_was_changed_before_it_was_published_is_not_published(logging):
    insert_events(logging, 3)
    logging.log.sequence()
    shutil.rmtree(logging.deps.log_dir)
    behind_the_triggers(logging, "UPDATE audit_events SET subject = 'x' WHERE id = 2")
    with pytest.raises(LogBrokenError, match="event 2"):
        logging.log_publication.publish()
    assert logging.log_publication.files.note() is None


def test_a_queue_that_names_a_logged_event_is_found(logging):
    insert_events(logging, 3)
    logging.log.sequence()
    with logging.deps.sessions.begin() as session:
        session.add(QueuedEvent(event_id=2))
    assert [(fault.kind, fault.event_id) for fault in logging.log_audit.verify().faults] == [("unlogged", 2)]


def test_no_key_no_checkpoint_but_no_event_is_lost(logging, tmp_path):
    insert_events(logging, 2)
    for path in (logging.settings.data_dir / "keys").glob("log.*"):
        path.rename(tmp_path / path.name)
    without = container_at(logging.settings.data_dir, logging.settings.database_url)
    with pytest.raises(ConfigurationError):
        without.log.sequence()
    without.deps.engine.dispose()
    assert count(logging, LogLeaf) == 2
    for path in tmp_path.glob("log.*"):
        path.rename(logging.settings.data_dir / "keys" / path.name)
    assert logging.log.sequence().size == 2


def test_proofs_are_given_for_known_licences_and_sizes_only(logging):
    insert_events(logging, 3)
    with pytest.raises(NotFoundError):
        logging.log_proofs.consistency(1, 2)
    logging.log.sequence()
    with pytest.raises(NotFoundError):
        logging.log_proofs.of_licence("1.2.156.1")
    with pytest.raises(NotFoundError):
        logging.log_proofs.consistency(1, 4)
    for old, new in ((0, 2), (3, 2)):
        with pytest.raises(ValidationFailedError):
            logging.log_proofs.consistency(old, new)


def test_a_licence_carries_the_proofs_of_its_life(issued):
    with issued.deps.sessions() as session:
        version = session.scalars(select(LicenceVersion)).first()
    waiting = issued.log_proofs.of_licence(version.licence_identifier)
    assert (waiting.proofs, waiting.pending) == ((), 1)
    data = issued.deps.files.read(version.electronic_sm3, ".pdf")
    assert issued.verifications.verify(data, "a.pdf").registry.log is None
    issued.log.sequence()
    found = issued.log_proofs.of_licence(version.licence_identifier)
    assert (len(found.proofs), found.pending) == (1, 0)
    proof = found.proofs[0]
    checkpoint = verify_checkpoint(proof.checkpoint, issued.deps.log_certificates())
    path = [bytes.fromhex(part) for part in proof.inclusion_proof]
    leaf = SM3_TREE.leaf(proof.entry.encode())
    assert verify_inclusion(SM3_TREE, leaf, proof.leaf_index, checkpoint.size, path, checkpoint.root)
    assert version.electronic_sm3 in proof.entry
    report = issued.verifications.verify(data, "a.pdf")
    assert report.to_json()["registry"]["log"] == proof.to_json()
    assert issued.verifications.kept_report(report.report_number) == report


def test_a_proof_that_does_not_hold_is_never_handed_out(issued):
    issued.log.sequence()
    with issued.deps.sessions() as session:
        version = session.scalars(select(LicenceVersion)).first()
    changed = f"UPDATE audit_events SET salt = '' WHERE subject = '{version.licence_identifier}'"
    behind_the_triggers(issued, changed)
    with pytest.raises(LogBrokenError):
        issued.log_proofs.of_licence(version.licence_identifier)
    data = issued.deps.files.read(version.electronic_sm3, ".pdf")
    assert issued.verifications.verify(data, "a.pdf").registry.log is None
