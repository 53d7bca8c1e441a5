"""Who holds only the file and the trust material, without a network, gets the cryptographic verdict of the service."""

import shutil

import pytest

from gateway.app import create_app
from gateway.container import Container
from signing.augmentation import add_evidence
from signing.evidence_gathering import EvidenceAtHand
from tests.api.conftest import form
from tests.corpus.case import rows
from tests.corpus.judges import by_command, judgement_of_report

SAMPLE = 7
"""Every how manyth file of the corpus goes through HTTP; the command judges all of them elsewhere."""


def by_service(client, name, data):
    """The report over HTTP, or the problem that the service answers with."""
    response = client.post("/api/v1/verifications", **form(data, f"{name}.pdf"))
    return response.get_json() if response.status_code == 200 else {"error": {"code": response.get_json()["code"]}}


def without_register(judgement):
    """What does not come from the register, which a counterparty cannot ask."""
    return judgement.genuine, judgement.exit, judgement.signatures


def licences(container, applications):
    """Every third sample licence, and of each another that was changed after signing."""
    for number, application in enumerate(applications[::3]):
        data = container.licences.issue(application).electronic_file.read_bytes()
        yield f"licence-{number}", data
        yield f"changed-{number}", data.replace(b"/MediaBox", b"/Mediabox", 1)


def written(folder, files):
    folder.mkdir()
    for name, data in files.items():
        (folder / f"{name}.pdf").write_bytes(data)
    return sorted(folder.iterdir())


def test_licences_are_judged_alike_here_and_there(issued, applications, tmp_path):
    files = dict(licences(issued, applications))
    client = create_app(issued).test_client()
    service = {f"{name}.pdf": judgement_of_report(by_service(client, name, data)) for name, data in files.items()}
    shutil.copytree(issued.deps.trust_dir, tmp_path / "trust")
    paths = written(tmp_path / "files", files)
    run = by_command(paths, tmp_path / "trust", issued.clock(), home=tmp_path / "home")
    assert {n: without_register(j) for n, j in run.judgements.items()} == {
        n: without_register(j) for n, j in service.items()
    }
    assert {judgement.genuine for judgement in service.values()} == {"yes", "no"}


def test_bare_anchors_are_enough_for_a_licence_that_carries_its_evidence(issued, applications, tmp_path):
    """B-LT: chains and lists are in the file. Of a B-T licence the same counterparty knows all but the revocation."""
    policy = issued.deps.policy()
    evidence = EvidenceAtHand((*(a.certificate for a in policy.trust_anchors), *policy.certificates), policy.crls)
    data = issued.licences.issue(applications[0]).electronic_file.read_bytes()
    files = {"plain": data, "with-evidence": add_evidence(data, evidence)}
    (tmp_path / "anchors").mkdir()
    for anchor in issued.deps.trust_dir.joinpath("anchors").iterdir():
        shutil.copy(anchor, tmp_path / "anchors")
    paths = written(tmp_path / "files", files)
    run = by_command(paths, tmp_path / "anchors", issued.clock(), home=tmp_path / "home")
    service = judgement_of_report(by_service(create_app(issued).test_client(), "x", files["with-evidence"]))
    assert service.genuine == "yes"
    assert without_register(run.judgements["with-evidence.pdf"]) == without_register(service)
    plain = run.judgements["plain.pdf"]
    assert (plain.genuine, plain.signatures[0][:2]) == ("unknown", ("INDETERMINATE", "TRY_LATER"))
    lenient = by_command(paths, tmp_path / "anchors", issued.clock(), home=tmp_path / "home", revocation="if_available")
    assert {judgement.genuine for judgement in lenient.judgements.values()} == {"yes"}


@pytest.mark.parametrize("revocation", sorted({row.revocation for row in rows().values()}))
def test_the_corpus_is_judged_alike_here_and_there(revocation, corpus, issued, tmp_path):
    names = [row.id for row in rows().values() if row.revocation == revocation and not row.bomb][::SAMPLE]
    shutil.rmtree(issued.deps.trust_dir)
    shutil.copytree(corpus.trust, issued.deps.trust_dir)
    settings = issued.settings.model_copy(update={"revocation": revocation})
    client = create_app(Container(settings, clock=lambda: corpus.world.at)).test_client()
    files = {name: corpus.files[name] for name in names}
    service = {f"{name}.pdf": judgement_of_report(by_service(client, name, data)) for name, data in files.items()}
    paths = written(tmp_path / "files", files)
    run = by_command(paths, corpus.trust, corpus.world.at, home=tmp_path / "home", revocation=revocation)
    assert {n: without_register(j) for n, j in run.judgements.items()} == {
        n: without_register(j) for n, j in service.items()
    }
