"""The scripts of the pages as they are served: under a name that changes with their content, compressed once."""

import gzip
import hashlib
import json
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, abort, request, url_for

from gateway.api.auth import public
from verify_web.pages import container, page

blueprint = Blueprint("script_files", __name__)
OWN = Path(__file__).parent / "scripts"
OTHERS = Path(__file__).resolve().parent.parent / "build" / "assets" / "scripts"
"""What others wrote, put there by tools/build_assets.py; without it the camera is the one thing that does not work."""

CAMERA_POLICY = "geolocation=(), microphone=(), camera=(self)"
"""Permissions-Policy of the pages that scan."""

_WORKER = "service-worker.js"
_NOT_KEPT = frozenset(
    {
        _WORKER,
        "waiting.js",
        "conversion.js",
        "proof-worker.js",
        "scan-worker.js",
        "zxing-reader.js",
        "zxing-share.js",
        "zxing_reader.wasm",
        "signing.js",
    }
)
"""Not taken along for checks without a network: the scanner is loaded when somebody taps, the console's and that of who waits
for a signature need the network anyway."""
_TYPES = {".js": "text/javascript", ".wasm": "application/wasm"}
_FOREVER = "public, max-age=31536000, immutable"
_SCRIPT_POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'"
"""What a worker may load; other scripts are under the policy of their page, and need not carry its length."""
_SCANNER_POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"
"""Compiling WebAssembly is allowed in the scanner's own worker and nowhere else (CSP Level 3, 4.5)."""


@cache
def files() -> dict[str, tuple[bytes, bytes]]:
    """Content and gzip by name."""
    found = [path for folder in (OWN, OTHERS) if folder.is_dir() for path in folder.iterdir() if path.suffix in _TYPES]
    return {path.name: (data := path.read_bytes(), gzip.compress(data, 9, mtime=0)) for path in sorted(found)}


@cache
def version() -> str:
    """Sixteen digits of SHA-256 over names and contents."""
    digest = hashlib.sha256()
    for name, (data, _) in files().items():
        digest.update(f"{name} {len(data)}\n".encode() + data)
    return digest.hexdigest()[:16]


@blueprint.get("/scripts/<wanted>/<name>")
@public
def script(wanted: str, name: str) -> Response:
    """One file. Another version than the present one is not found, so that nothing wrong is kept for a year."""
    if wanted != version() or name not in files() or name == _WORKER:
        abort(404)
    response = _served(name)
    response.headers["Cache-Control"] = _FOREVER
    policy = _SCANNER_POLICY if name == "scan-worker.js" else _SCRIPT_POLICY
    response.headers["Content-Security-Policy"] = policy
    return response


@blueprint.get("/service-worker.js")
@public
def service_worker() -> Response:
    """The service worker stands before every path, because it answers for every page; it is asked for anew each time."""
    kept = [script_address(name) for name in files() if name not in _NOT_KEPT]
    known = {"VERSION": version(), "ROOT": request.root_path, "FILES": kept}
    head = f"const {', '.join(f'{name} = {json.dumps(value)}' for name, value in known.items())}\n".encode()
    response = Response(head + files()[_WORKER][0], mimetype="text/javascript")
    response.headers["Cache-Control"] = "no-cache"
    return response


@blueprint.get("/check")
@public
def check() -> Response:
    """The page whose checks are done on the reader's device."""
    response = page("check.html", hosts=sorted(container().codes.own_hosts()))
    response.headers["Permissions-Policy"] = CAMERA_POLICY
    return response


@blueprint.app_context_processor
def _addresses() -> dict[str, object]:
    return {"script_address": script_address}


def script_address(name: str) -> str:
    """Path of a script for a page."""
    return url_for("script_files.script", wanted=version(), name=name)


def _served(name: str) -> Response:
    data, compressed = files()[name]
    takes_gzip = request.accept_encodings.quality("gzip") > 0
    response = Response(compressed if takes_gzip else data, mimetype=_TYPES[Path(name).suffix])
    response.vary.add("Accept-Encoding")
    if takes_gzip:
        response.content_encoding = "gzip"
    return response
