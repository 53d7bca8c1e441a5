"""Certificates that were registered one by one are good after the upgrade, and the newest one after the way back."""

import subprocess

from sqlalchemy import text

from gateway.app import create_app
from gateway.services.clients import ClientChange
from tests.api.conftest import ROOT
from tests.api.test_client_changes import ask, register, self_signed
from tests.conftest import container_at
from tools.check_migrations import ALEMBIC

[STEP] = (path.name[:4] for path in (ROOT / "gateway" / "migrations").glob("*_let_certificates_overlap.py"))


def alembic(container, *words):
    environment = {
        "GATEWAY_DATABASE_URL": container.settings.resolved_database_url,
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
    }
    done = subprocess.run([ALEMBIC, *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_certificates_survive_the_migration_there_and_back(fresh):
    old, new = self_signed(), self_signed()
    with_two, _ = register(fresh.clients, certificates=(old,))
    fresh.clients.change(with_two, ClientChange(certificates=(old, new)))
    without, _ = register(fresh.clients)
    digests = fresh.clients.get(with_two).certificate_sha256s
    fresh.deps.engine.dispose()
    alembic(fresh, "downgrade", f"{STEP}-1")
    with fresh.deps.engine.connect() as connection:
        rows = dict(connection.execute(text("SELECT id, certificate_sha256 FROM clients")).tuples().all())
    assert rows == {with_two: digests[1], without: ""}
    fresh.deps.engine.dispose()
    alembic(fresh, "upgrade", "head")
    again = container_at(fresh.settings.data_dir)
    assert again.clients.get(with_two).certificate_sha256s == digests[1:]
    assert again.clients.get(without).certificate_sha256s == []
    answer = ask(create_app(again).test_client(), {"client_id": with_two}, environ_overrides={"SSL_CLIENT_CERT": new})
    assert answer.status_code == 200
    again.deps.engine.dispose()
