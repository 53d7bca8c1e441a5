"""Trust files are read once for as long as they stay, and forgotten when they go."""

from datetime import UTC, datetime

from gateway.services import freshness
from gateway.services.freshness import Freshness, RevocationData


def test_files_are_read_once_and_forgotten_when_they_are_removed(tmp_path, monkeypatch):
    read = []

    def read_list(path):
        read.append(path.name)
        return [RevocationData("crl", path.name, datetime(2026, 11, 1, tzinfo=UTC), None)]

    monkeypatch.setattr(freshness, "_lists", read_list)
    (tmp_path / "crls").mkdir()
    for name in ("a.crl", "b.crl"):
        (tmp_path / "crls" / name).touch()
    fresh = Freshness(tmp_path)
    for _ in range(2):
        assert [each.file for each in fresh.revocation_data()] == ["a.crl", "b.crl"]
    assert read == ["a.crl", "b.crl"]
    (tmp_path / "crls" / "a.crl").unlink()
    assert [each.file for each in fresh.revocation_data()] == ["b.crl"]
    assert list(fresh._read) == [tmp_path / "crls" / "b.crl"]
    assert read == ["a.crl", "b.crl"]
