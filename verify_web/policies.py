"""What pages may load (CSP Level 3): nothing from elsewhere, no style or script from within."""

from verify_web.style import ANSWER_STYLE_SOURCE, STYLE_SOURCE

_TEMPLATE = (
    "default-src 'none'; style-src {style}; img-src {pictures}; form-action 'self'; script-src 'self'; worker-src 'self'; "
    "connect-src 'self'; require-trusted-types-for 'script'; trusted-types gateway; base-uri 'none'; frame-ancestors 'none'"
)
PAGE_POLICY = _TEMPLATE.format(style=f"{STYLE_SOURCE} {ANSWER_STYLE_SOURCE}", pictures="'self'")
PREVIEW_POLICY = _TEMPLATE.format(style=STYLE_SOURCE, pictures="'self' data:")
"""Of the answer on a file, which shows its first page, and of the two pages whose script puts that answer in their place."""
