"""The words of the day: API, command line and template function give the same ones."""

import json
from datetime import timedelta

from flask import render_template_string

from gateway.domain.challenge_phrase import day_in_china
from gateway.services.challenge_phrases import SECRET_NAME
from tests.api.conftest import conforms, problem_of


def test_api_pages_and_command_line_agree(client, gallery, capsys, monkeypatch):
    from gateway.cli import app as commands

    said = conforms(client.get("/api/v1/challenge-phrase").json, "ChallengePhrase")
    container = gallery.container
    with client.application.test_request_context():
        client.application.preprocess_request()
        assert render_template_string("{{ challenge_phrase().zh }}") == said["zh"]
    monkeypatch.setenv("GATEWAY_DATA_DIR", str(container.settings.data_dir))
    monkeypatch.setenv("GATEWAY_KEY_ITERATIONS", "1000")
    if container.settings.database_url:
        monkeypatch.setenv("GATEWAY_DATABASE_URL", container.settings.database_url)
    commands(["phrase", "--json"], standalone_mode=False)
    assert json.loads(capsys.readouterr().out) == said
    yesterday = day_in_china(container.clock()) - timedelta(days=1)
    assert container.challenge_phrases.of_day(yesterday).zh != said["zh"]


def test_without_its_secret_the_api_says_so_and_pages_go_on(issued):
    from gateway.app import create_app

    next(issued.settings.data_dir.glob(f"keys/{SECRET_NAME}.secret")).unlink()
    app = create_app(issued)
    problem_of(app.test_client().get("/api/v1/challenge-phrase"), 500, "CONFIGURATION")
    with app.test_request_context():
        app.preprocess_request()
        assert render_template_string("{{ challenge_phrase() is none }}") == "True"
    assert app.test_client().get("/").status_code == 200
