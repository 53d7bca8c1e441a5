"""A gateway in which every kind of answer can be met: what the API and the pages are shown on."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.app import create_app
from gateway.container import Container
from gateway.domain.status import LicenceStatus, china_day
from gateway.services.licences import IssuedLicence
from gateway.services.status_changes import StatusDecision
from tests.conftest import container_at, vector_lines
from tests.databases import copy_home

RICH = "91441702MA9Y03WY4L"
"""An enterprise with one licence of each status."""
POOR = "91441702MA0NP8MQ90"
"""An enterprise without licences."""
UNREGISTERED = "91350100M000100Y43"
"""A right code (the sample of GB 32100) that no enterprise here has."""
MISTAKEN = "91441702MA9Y03WY4X"
LEGAL_GROUND = "公共场所卫生管理条例"


@dataclass(frozen=True)
class Gallery:
    """The gateway and its licences by the answer that they get."""

    container: Container
    licences: dict[str, IssuedLicence]

    def app(self):
        return create_app(self.container)

    def copy(self, home: Path):
        """Its gateway once more; PostgreSQL copies a database only while nothing is connected to it."""
        self.container.deps.engine.dispose()
        copy_home(self.container.settings.data_dir, home)

    def electronic(self, name: str) -> bytes:
        return self.licences[name].electronic_file.read_bytes()

    def path(self, name: str) -> str:
        """Path of the page of a licence by its identifier."""
        return f"/l/{self.licences[name].licence_identifier}"

    def code_path(self, name: str) -> str:
        """Path of the page that the QR code of a licence leads to."""
        return "/" + self.licences[name].qr_text.split("/", 3)[3]


def application(name, number, today):
    """A hygiene licence that has one of its four years behind it."""
    start = today.replace(day=1) - timedelta(days=365)
    record = next(line for line in vector_lines("applications") if line["ZZMC"] == name and line["CYRSFZJHM"] == RICH)
    dates = {"FZRQ": start, "YXQKSRQ": start, "YXQJSRQ": start + timedelta(days=1400)}
    return record | {"ZZHM": number} | {key: day.isoformat() for key, day in dates.items()}


def build(home, folder):
    copy_home(home, folder)
    container = container_at(folder)
    today = china_day(container.clock())
    licences = {"expired": container.licences.issue(vector_lines("applications")[0])}
    for index, name in enumerate(("in_force", "suspended", "revoked", "unchecked")):
        number = f"粤卫公证字〔{today.year}〕第44171000{index}号"
        licences[name] = container.licences.issue(application("公共场所卫生许可证", number, today))
    for name, status in (("suspended", LicenceStatus.SUSPENDED), ("revoked", LicenceStatus.REVOKED)):
        identifier = licences[name].licence_identifier
        container.status_changes.record(identifier, StatusDecision(status, LEGAL_GROUND, "整改期间"))
    licences["unchecked"].electronic_file.local_path.unlink()
    return Gallery(container, licences)


@pytest.fixture(scope="session")
def gallery(set_up_home, tmp_path_factory):
    built = build(set_up_home, tmp_path_factory.mktemp("gallery") / "data")
    yield built
    built.container.deps.engine.dispose()
