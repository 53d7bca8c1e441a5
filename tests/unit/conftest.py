"""What unit tests of commands share."""

import pytest
from typer.testing import CliRunner

from gateway.cli import app


@pytest.fixture
def run(fresh):
    """Runs one command on a gateway with nothing issued; gives what it printed."""

    def call(*arguments, status=0):
        done = CliRunner().invoke(app, [*map(str, arguments), "--data-dir", str(fresh.settings.data_dir)])
        assert done.exit_code == status, (done.output, done.exception)
        return done.stdout

    return call
