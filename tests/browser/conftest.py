import os
import threading
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright
from werkzeug.serving import make_server

from tests.gallery import gallery

__all__ = ["gallery"]
ROOT = Path(__file__).resolve().parents[2]
MODULES = ROOT / "build" / "node" / "node_modules"
SCREENS = ROOT / "build" / "screens"
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ("--no-sandbox", "--headless=new", "--disable-background-networking", "--disable-component-update")


@pytest.fixture(scope="session")
def site(gallery):
    """Address of the gallery's pages."""
    server = make_server("127.0.0.1", 0, gallery.app(), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="session")
def font_configuration(tmp_path_factory):
    """The browser sees the fonts that `make setup` fetched, so that Chinese is drawn where no font is installed."""
    path = tmp_path_factory.mktemp("fonts") / "fonts.conf"
    path.write_text(
        f'<?xml version="1.0"?><fontconfig><dir>{MODULES / "@expo-google-fonts"}</dir>'
        f'<cachedir>{path.parent}</cachedir><include ignore_missing="yes">/etc/fonts/fonts.conf</include></fontconfig>'
    )
    return path


# One module at a time: Playwright keeps an event loop running, beside which no other test could run its own.
@pytest.fixture(scope="module")
def browser(font_configuration):
    environment = {**os.environ, "FONTCONFIG_FILE": str(font_configuration)}
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS], env=environment)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def screens():
    """Where the screenshots go; they are made anew by each run."""
    # Nothing is removed: the other processes of pytest-xdist draw into it too.
    SCREENS.mkdir(parents=True, exist_ok=True)
    return SCREENS


@pytest.fixture(scope="session")
def axe():
    """Source of the accessibility checker that runs in the page."""
    return (MODULES / "axe-core" / "axe.min.js").read_text()
