"""Samples are made with keys of their own, and never meet what is real."""

from datetime import timedelta

import pypdfium2
import pytest

from gateway.app import create_app
from gateway.domain.actors import Actor, ActorKind, Scope
from gateway.domain.answers import Genuine, InForce
from gateway.domain.purpose_copies import CopyRequest
from gateway.domain.status import china_day
from gateway.errors import ConfigurationError, NotFoundError
from gateway.services.dependencies import REPORT_KEY
from gateway.services.samples import SAMPLE_COPY_KEY, SAMPLE_KEYS, SAMPLE_ROOT_KEY

SANDBOX = Actor(ActorKind.CLIENT, "sandbox", "sandbox", frozenset(Scope), is_sandbox=True)


@pytest.fixture
def sample(fresh, applications):
    authority = next(a for a in fresh.catalogue.load().authorities if a.name == applications[0]["FZJGMC"])
    assert fresh.samples.prepare([authority.code]) == 1
    return fresh.licences.issue(applications[0], actor=SANDBOX)


def test_a_sandbox_without_keys_says_how_to_make_them(fresh, applications):
    with pytest.raises(ConfigurationError) as refused:
        fresh.licences.issue(applications[0], actor=SANDBOX)
    assert refused.value.hint.startswith("Run: licence-gateway key samples ")


def test_every_page_and_the_identifier_say_sample(sample):
    assert ".SAMPLE" in sample.licence_identifier
    for file in (sample.electronic_file, sample.paper_file):
        with pypdfium2.PdfDocument(file.read_bytes()) as pdf:
            assert [("SAMPLE" in page.get_textpage().get_text_range()) for page in pdf] == [True] * len(pdf)


def test_the_public_is_told_that_it_is_a_sample(sample, fresh):
    answers = (
        fresh.verifications.verify(sample.electronic_file.read_bytes(), "a.pdf").answer,
        fresh.licences.public_answer(sample.licence_identifier).listed,
    )
    for answer in answers:
        assert (answer.reasons[0].code, answer.genuine, answer.in_force) == (
            "SAMPLE",
            Genuine.UNKNOWN,
            InForce.NOT_APPLICABLE,
        )
    resolution = fresh.codes.resolve(sample.qr_text)
    assert ([r.code for r in resolution.reasons], resolution.licence) == (["SAMPLE"], None)
    client = create_app(fresh).test_client()
    for path in (f"/l/{sample.licence_identifier}", "/" + sample.qr_text.split("/", 3)[3]):
        page = client.get(path)
        assert page.status_code == 200 and "样本，不是证照" in page.text


def test_real_and_sample_never_meet(sample, fresh, applications):
    real = fresh.licences.issue(applications[0])
    assert real.newly_issued and ".SAMPLE" not in real.licence_identifier
    listed = fresh.codes.resolve(real.holder_code).licences
    assert [licence.licence_identifier for licence in listed] == [real.licence_identifier]
    for identifier, actor in ((real.licence_identifier, SANDBOX),):
        with pytest.raises(NotFoundError):
            fresh.histories.of(identifier, actor=actor)
    with pytest.raises(NotFoundError):
        fresh.histories.of(sample.licence_identifier)


def test_no_trust_material_vouches_for_samples(sample, fresh):
    fresh.installation.publish_trust()
    published = [path.name for path in fresh.deps.trust_dir.rglob("*") if path.is_file()]
    assert published and not any(name.startswith(SAMPLE_KEYS) for name in published)
    anchors = {anchor.certificate for anchor in fresh.deps.policy().trust_anchors}
    assert fresh.deps.keystore.certificate(SAMPLE_ROOT_KEY) not in anchors


def test_making_the_keys_again_changes_nothing(sample, fresh):
    names = sorted(fresh.deps.keystore.names())
    assert fresh.samples.prepare([sample.licence_identifier.split(".")[6]]) == 0
    assert sorted(fresh.deps.keystore.names()) == names
    with pytest.raises(NotFoundError):
        fresh.samples.prepare(["nobody"])


def test_a_copy_of_a_sample_is_signed_by_a_key_for_samples_alone(fresh, applications):
    fresh.samples.prepare()
    in_force = next(each for each in applications if each["YXQJSRQ"] == "长期")
    sample = fresh.licences.issue(in_force, actor=SANDBOX)
    last_day = china_day(fresh.clock()) + timedelta(days=7)
    view = fresh.purpose_copies.make(sample.licence_identifier, CopyRequest("投标", "某中心", last_day), actor=SANDBOX)
    pdf = fresh.purpose_copies.content(view.terms.copy_id, actor=SANDBOX)
    report = fresh.verifications.verify(pdf, "copy.pdf")
    (signature,) = report.signatures
    assert signature.chain[0] == fresh.deps.keystore.certificate(SAMPLE_COPY_KEY)
    assert signature.chain[0] != fresh.deps.keystore.certificate(REPORT_KEY)
    assert (report.answer.genuine, report.answer.reasons[0].code) == (Genuine.UNKNOWN, "SAMPLE")
    with pypdfium2.PdfDocument(pdf) as document:
        assert all("SAMPLE" in page.get_textpage().get_text_range() for page in document)
