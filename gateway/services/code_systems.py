"""Asks other systems what a code stands for: SAMR's e-licence system, provincial ones (docs/samr-adapter.md)."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog
from pydantic import BaseModel, ConfigDict, Field

from certs.outbound import CircuitState
from gateway.domain.code_systems import (
    CodeReading,
    CodeSystem,
    CodeSystemDownError,
    ReadOutcome,
    parse_reading,
)
from gateway.metrics import CODE_SYSTEM_ANSWERS, CODE_SYSTEM_LEFT_ALONE
from gateway.services.outside_systems import OutsideDownError, OutsideSettings, OutsideSystem, opening
from signing.sm2 import sm3

_log = structlog.get_logger()


class SystemSettings(OutsideSettings):
    """One system of the file that ``GATEWAY_CODE_SYSTEMS`` names; paths are relative to that file."""

    prefixes: tuple[str, ...] = Field(min_length=1)


class SystemsFile(BaseModel):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    systems: tuple[SystemSettings, ...]


class HttpCodeSystem:
    """A ``CodeSystem`` behind the documented interface."""

    def __init__(self, settings: SystemSettings, folder: Path, clock: Callable[[], datetime]) -> None:
        self._settings, self._clock = settings, clock
        self._system = OutsideSystem(settings, folder)
        self.circuit = self._system.circuit

    @property
    def name(self) -> str:
        """As configured."""
        return self._settings.name

    def takes(self, content: str) -> bool:
        """Whether the content begins as its codes do."""
        return content.startswith(self._settings.prefixes)

    def read(self, content: str) -> CodeReading:
        """What the content stands for. CodeSystemDownError when there is no answer that can be believed."""
        try:
            with self._system.guarded():
                document, nonce = self._system.ask({"content": content})
                return parse_reading(document, nonce=nonce, now=self._clock(), source=self.name)
        except OutsideDownError as error:
            raise CodeSystemDownError(str(error)) from error
        finally:
            CODE_SYSTEM_LEFT_ALONE.labels(self.name).set(self.circuit.state is CircuitState.OPEN)


@dataclass(frozen=True)
class CodeSystems:
    """All systems that are configured; none is an answer too."""

    systems: tuple[CodeSystem, ...]

    def read(self, content: str) -> CodeReading | None:
        """The answer of the first system that knows the content, else of the last one that does not.

        None when no system takes such content. CodeSystemDownError when one that could know it was not to be asked.
        """
        asked: CodeReading | None = None
        down: CodeSystemDownError | None = None
        for system in self.systems:
            if not system.takes(content):
                continue
            try:
                asked = _told(system, content)
            except CodeSystemDownError as error:
                down = error
                continue
            if asked.outcome is not ReadOutcome.UNKNOWN:
                return asked
        if down is not None:
            raise down
        return asked

    def states(self) -> dict[str, str]:
        """For each system whether it is asked: ``closed``, ``open`` or ``half_open``, in this process."""
        return {system.name: system.circuit.state for system in self.systems if isinstance(system, HttpCodeSystem)}


def _told(system: CodeSystem, content: str) -> CodeReading:
    """One answer, and a line in the log that names the content by its digest only: it may open a door for a minute."""
    started = time.perf_counter()
    outcome, why = "down", ""
    try:
        reading = system.read(content)
    except CodeSystemDownError as error:
        why = str(error)
        raise
    else:
        outcome = reading.outcome
        return reading
    finally:
        CODE_SYSTEM_ANSWERS.labels(system.name, outcome).inc()
        _log.info(
            "code_system_asked",
            system=system.name,
            outcome=outcome,
            why=why,
            content_sm3=sm3(content.encode()).hex(),
            milliseconds=round((time.perf_counter() - started) * 1000, 1),
        )


def open_code_systems(file: Path | None, clock: Callable[[], datetime]) -> CodeSystems:
    """The systems of a configuration file; none without a file. ConfigurationError names what is wrong with it."""
    if file is None:
        return CodeSystems(())
    with opening(file, hint="See docs/samr-adapter.md."):
        found = SystemsFile.model_validate_json(file.read_bytes())
        return CodeSystems(tuple(HttpCodeSystem(each, file.parent, clock) for each in found.systems))
