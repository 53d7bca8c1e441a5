"""The attack corpus on the reader's device. A module of its own: the files are made before a browser is started."""

import base64

import pytest

from tests.browser.test_own_device import checking
from tests.corpus.case import REFUSED, rows
from tests.corpus.conftest import corpus, policies
from tests.corpus.judges import by_library

__all__ = ["checking", "corpus", "policies"]
pytestmark = pytest.mark.browser


def test_what_the_device_refuses_of_the_attack_corpus_is_refused_for_the_same_reason(checking, corpus, policies):
    """What needs more than the device can do stays open there; it never refuses what the gateway takes."""
    found = checking.evaluate(
        """async files => {
          const base = document.querySelector('script[type=module]').src.replace('check.js', '')
          const {checkPdf} = await import(base + 'pdf-signature.js')
          const octets = text => Uint8Array.from(atob(text), character => character.charCodeAt(0))
          return Object.fromEntries(Object.entries(files).map(([name, file]) => [name, checkPdf(octets(file))]))
        }""",
        {name: base64.b64encode(data).decode() for name, data in corpus.files.items()},
    )
    refused = {name: each["reasons"] for name, each in found.items() if each["genuine"] == "no"}
    wrong, unread = {}, 0
    for name, reasons_here in refused.items():
        judged = by_library(corpus.files[name], policies[rows()[name].revocation], corpus.world.at)
        unread += judged.genuine == REFUSED
        if judged.genuine != REFUSED and (judged.genuine != "no" or not set(reasons_here) & set(judged.reasons)):
            wrong[name] = reasons_here, judged.genuine, judged.reasons
    print(f"refused on the device: {len(refused)} of {len(found)} files; {unread} of them the gateway refuses to read")
    assert wrong == {}
    assert len(refused) > 100
    assert {each["genuine"] for each in found.values()} == {"no", "unknown"}
