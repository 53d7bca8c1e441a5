"""GET /api/v1/limits: how much one call may bring or take, how long things are good, and what is left today."""

from dataclasses import asdict

from flask import Blueprint, Response

from gateway.api.auth import LONGEST_ELEMENT, MOST_KEY, requires
from gateway.api.auth import actor as current_actor
from gateway.api.licence_batches import MOST_BYTES
from gateway.api.replies import container, reply
from gateway.domain.actors import Scope
from gateway.domain.basis import MOST_ITEMS
from gateway.domain.orders import MOST_DUPLICATES
from gateway.domain.papers import MOST_AT_ONCE
from gateway.domain.purpose_copies import MOST_DAYS
from gateway.services.authentication import GATEWAY_WINDOW, LONGEST_ASSERTION, TOKEN_SECONDS
from gateway.services.batches import MOST_LINE_BYTES, MOST_LINES
from gateway.services.licence_records import MOST_LISTED

blueprint = Blueprint("limits", __name__)


@blueprint.get("/api/v1/limits")
@requires(Scope.LICENCES_READ)
def show() -> Response:
    """Every limit; docs/department-api.md says the same."""
    settings = container().settings
    allowance = container().authentication.allowance(current_actor().id)
    return reply(
        {
            "batch_lines": MOST_LINES,
            "batch_line_bytes": MOST_LINE_BYTES,
            "batch_bytes": MOST_BYTES,
            "page_size": MOST_LISTED,
            "duplicates": MOST_DUPLICATES,
            "blank_forms": MOST_AT_ONCE,
            "obligation_items": MOST_ITEMS,
            "copy_days": MOST_DAYS,
            "upload_bytes": settings.max_upload_bytes,
            "image_pixels": settings.max_image_pixels,
            "element_length": LONGEST_ELEMENT,
            "idempotency_key_length": MOST_KEY,
            "idempotency_hours": settings.idempotency_hours,
            "token_seconds": TOKEN_SECONDS,
            "assertion_seconds": int(LONGEST_ASSERTION.total_seconds()),
            "gateway_clock_seconds": int(GATEWAY_WINDOW.total_seconds()),
            "daily_cap": None if allowance is None else asdict(allowance),
        }
    )
