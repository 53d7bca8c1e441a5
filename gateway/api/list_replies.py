"""The JSON of a resolution. Its long parts are written once for as long as they stay what they are."""

from functools import lru_cache

import orjson
from flask import Response

from gateway.api.replies import reply
from gateway.domain.answer_json import authority_json, enterprise_json, listed_json, resolution_head
from gateway.domain.answers import AuthorityAnswer, AuthorityFreshness, Resolution


def resolution_reply(resolution: Resolution) -> Response:
    """As ``resolution_json``, member by member in the same order."""
    forms = resolution.forms
    if forms.licences is None:
        forms.licences = orjson.dumps([listed_json(licence) for licence in resolution.licences])
    if forms.authorities is None:
        forms.authorities = orjson.dumps([_authority(authority) for authority in resolution.authorities])
    if forms.enterprise is None:
        enterprise = resolution.enterprise
        forms.enterprise = orjson.dumps(None if enterprise is None else enterprise_json(enterprise))
    kept = {name: orjson.Fragment(content) for name, content in vars(forms).items()}
    return reply(resolution_head(resolution) | kept)


def _authority(authority: AuthorityAnswer) -> orjson.Fragment:
    has_any = authority.licences or authority.reported
    return orjson.Fragment(orjson.dumps(authority_json(authority))) if has_any else _nothing(authority.freshness)


@lru_cache(maxsize=1024)
def _nothing(freshness: AuthorityFreshness) -> orjson.Fragment:
    """The part of an authority without a licence: the same in nearly every list."""
    return orjson.Fragment(orjson.dumps(authority_json(AuthorityAnswer(freshness))))
