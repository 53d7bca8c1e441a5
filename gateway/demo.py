"""The whole main job on sample data, step by step, with times: what ``make demo`` shows."""

import json
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import track

from gateway.cli_answers import issue_summary, print_resolution, report_lines
from gateway.cli_reports import ReportWriter
from gateway.container import Container
from gateway.delivery_simulator import Simulated, serve_receiver
from gateway.demo_acceptance import accept_over_http
from gateway.domain.actors import Scope
from gateway.domain.deliveries import ConnectorKind
from gateway.domain.status import LicenceStatus
from gateway.errors import ConfigurationError
from gateway.services.clients import ClientSpec
from gateway.services.dependencies import DELIVERY_KEY
from gateway.services.issuing import IssueOutcome, IssueRun
from gateway.services.status_changes import StatusDecision
from gateway.services.subscriptions import SubscriptionSpec
from gateway.settings import REPOSITORY, Settings, read_settings
from signing.sm2 import load_public
from signing.x509_fields import public_key_info

_SAMPLES = REPOSITORY / "tests" / "vectors"
_SIGN_TWICE = frozenset({"11441702G00006660X"})
"""Authorities whose sample licences get an ECDSA signature too, for readers of other countries."""
_MARKER = ".made-by-licence-gateway-demo"


class _Demo:
    """One run: a container, a place for files, and a clock for the steps."""

    def __init__(self, folder: Path, settings: Settings, output: Console) -> None:
        self.folder = folder
        self.container = Container(settings)
        self.output = output
        self.steps: list[dict[str, object]] = []
        """Title and seconds of each step that is done."""

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Print a heading, and the time when the step is done."""
        self.output.rule(f"{len(self.steps) + 1}. {title}", align="left")
        started = time.perf_counter()
        yield
        seconds = time.perf_counter() - started
        self.steps.append({"title": title, "seconds": round(seconds, 2)})
        self.output.print(f"[dim]{seconds:.2f} s[/]", highlight=False)

    def say(self, text: str) -> None:
        """One line."""
        self.output.print(text, highlight=False, soft_wrap=True)


@dataclass(frozen=True)
class DemoRun:
    """What a run leaves."""

    settings: Settings
    """To serve with."""
    folder: Path
    """Where the licences lie."""
    steps: list[dict[str, object]]


def run_demo(folder: Path, bind: str, output: Console) -> DemoRun:
    """Run every step in ``folder``, which is made anew."""
    if not _SAMPLES.exists():
        raise ConfigurationError(f"The sample data are not at {_SAMPLES}.", hint="Run the demo from a checkout.")
    _empty(folder)
    bind = _free(bind)
    settings = read_settings(
        data_dir=folder / "data", public_base_url=f"http://{bind}", second_signature_authorities=_SIGN_TWICE
    )
    demo = _Demo(folder, settings, output)
    with demo.step("建立 Set up"):
        _set_up(demo)
    with demo.step("签发 Issue, electronic and paper in one act"):
        outcomes = _issue(demo)
    with demo.step("证照二维码 The licence's own QR code, checked off line"):
        _check_code(demo, outcomes[0])
    with demo.step("一码展示 Resolve the QR image of a business licence"):
        image = _SAMPLES / "qr" / "plain.png"
        demo.say(str(image))
        print_resolution(output, demo.container.codes.resolve_image(image.read_bytes()))
    with demo.step("核验 Verify as a counterparty would"):
        _verify(demo, outcomes)
    with demo.step(
        "签收 The holder accepts its licence with the electronic business licence: three processes over HTTP"
    ):
        _accept(demo, outcomes)
    with demo.step("送达 Deliver what happened, signed with SM2, to a system that checks it"):
        _deliver(demo)
    demo.say(f"\n文件 files: {folder / 'licences'}")
    return DemoRun(settings, folder / "licences", demo.steps)


def _empty(folder: Path) -> None:
    """Make the folder anew; a folder that no demo made is left alone."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / _MARKER).exists():
            raise ConfigurationError(f"{folder} holds something else.", hint="Give another --data-dir.")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _MARKER).touch()


def _free(bind: str) -> str:
    """``bind``, or the next port when it is taken: the address goes into the QR codes."""
    host, _, port = bind.rpartition(":")
    for candidate in range(int(port), int(port) + 50):
        with socket.socket() as probe:
            try:
                probe.bind((host, candidate))
            except OSError:
                continue
            return f"{host}:{candidate}"
    raise ConfigurationError(f"No port is free from {bind} on.", hint="Give another --bind.")


def _set_up(demo: _Demo) -> None:
    installation = demo.container.installation
    installation.initialise(lambda step: demo.say(f"· {step}"))
    records = _lines(_SAMPLES / "registry" / "enterprises.jsonl")
    added = installation.register_samples(records)
    demo.say(f"· 主体与电子营业执照 enterprises with electronic business licences: {added}")


def _issue(demo: _Demo) -> list[IssueOutcome]:
    records = _lines(_SAMPLES / "registry" / "applications.jsonl")
    run = IssueRun(demo.container.licences, demo.folder / "licences")
    for record in track(records, "签发 issuing", console=demo.output, transient=True):
        run.take(record)
    demo.say(issue_summary(run))
    logged = demo.container.log.sequence()
    demo.say(f"· 透明日志 transparency log: {logged.size} 项 leaves")
    again = IssueRun(demo.container.licences)
    for record in records:
        again.take(record)
    demo.say(f"同一文件再来一次 the same file again: {issue_summary(again)}")
    wrong = dict(records[0], CYRSFZJHM="91441702MA9Y03WY4X", ZZHM="JY14417000099999")
    refused = IssueRun(demo.container.licences).take(wrong)
    demo.say(f"校验码错误的申请 a wrong check digit: {refused.error}")
    first = run.outcomes[0]
    for path in first.files:
        demo.say(f"  {path}")
    return run.outcomes


def _check_code(demo: _Demo, outcome: IssueOutcome) -> None:
    assert outcome.licence is not None
    text = outcome.licence.qr_text
    demo.say(f"[dim]{text}[/] ({len(text)} 字符 characters)")
    resolution = demo.container.codes.resolve(text)
    for reason in resolution.reasons:
        demo.say(f"  {reason.message_zh} {reason.message_en}")


def _verify(demo: _Demo, outcomes: list[IssueOutcome]) -> None:
    """The answers on a good, a tampered, a suspended and an unsigned file; each is different."""
    in_force = [o for o in outcomes if o.licence is not None and _is_in_force(demo, o.licence.licence_identifier)]
    good, suspended = in_force[0], in_force[1]
    assert suspended.licence is not None
    folder = demo.folder / "licences"
    original = good.files[0].read_bytes()
    tampered = folder / "tampered.pdf"
    middle = original.index(b"stream") + 40
    tampered.write_bytes(original[:middle] + bytes([original[middle] ^ 1]) + original[middle + 1 :])
    appended = folder / "appended.pdf"
    appended.write_bytes(original + b"\n% something was added after signing\n")
    demo.container.status_changes.record(
        suspended.licence.licence_identifier,
        StatusDecision(LicenceStatus.SUSPENDED, legal_ground="演示 demonstration", reason="整改期间暂扣"),
    )
    cases = (
        ("原件 original", good.files[0]),
        ("改动一个字节 one byte changed", tampered),
        ("签发后追加内容 bytes added after signing", appended),
        ("已暂扣的证照 suspended licence", suspended.files[0]),
        ("未签名的文件（纸质版式） unsigned file", good.files[1]),
    )
    for title, path in cases:
        demo.say(f"\n[bold]{title}[/]  {path}")
        report = demo.container.verifications.verify(path.read_bytes(), Path(str(path)).name)
        for line in report_lines(report):
            demo.say(f"  {line}")
        if path == appended:
            [written] = ReportWriter(folder / "appended.report.pdf", demo.container, "zh", several=False).write(
                report, path.read_bytes()
            )
            demo.say(f"  核验报告，网关签名 report on it, signed by the gateway: {written}")


def _accept(demo: _Demo, outcomes: list[IssueOutcome]) -> None:
    """Gateway, phone and department, each a process of its own; the file has two SM2 signatures then."""
    identifier = next(
        o.licence.licence_identifier
        for o in outcomes
        if o.licence is not None and _is_in_force(demo, o.licence.licence_identifier)
    )
    port = int(demo.container.settings.public_base_url.rpartition(":")[2])
    phone_port = int(_free(f"127.0.0.1:{port + 78}").rpartition(":")[2])
    enterprises = _SAMPLES / "registry" / "enterprises.jsonl"
    done = accept_over_http(demo.container, identifier, enterprises, demo.folder / "elicence", (port, phone_port))
    demo.say(
        f"· 网关 gateway 127.0.0.1:{port}，手机 phone 127.0.0.1:{phone_port}，部门 department: 本进程 this process"
    )
    demo.say(
        f"· 签名请求 signing request {done.request_id}: {' → '.join(done.states)}; 手机 phone: {done.phone['outcome']}"
    )
    path = demo.folder / "licences" / "accepted.pdf"
    path.write_bytes(done.pdf)
    demo.say(f"\n[bold]签收后的证照 accepted licence[/]  {path}")
    for line in report_lines(demo.container.verifications.verify(done.pdf, path.name)):
        demo.say(f"  {line}")


def _deliver(demo: _Demo) -> None:
    """A webhook to a simulated receiver, which has the certificate and nothing else."""
    certificate = demo.container.deps.keystore.certificate(DELIVERY_KEY)
    point = {"point": load_public(public_key_info(certificate)).point.hex()}
    receiver = Simulated(ConnectorKind.WEBHOOK, point, demo.container.clock)
    with serve_receiver(receiver, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        origin = {"delivery_origins": (f"{url}=127.0.0.1/32",)}
        services = Container(demo.container.settings.model_copy(update=origin), actor=demo.container.actor)
        everywhere = frozenset(services.catalogue.load().authorities_by_code)
        client = services.clients.create(
            ClientSpec("监管平台（模拟）", "演示", frozenset({Scope.EVENTS_READ}), everywhere)
        )
        made = services.subscriptions.create(
            SubscriptionSpec("监管平台（模拟）", ConnectorKind.WEBHOOK, f"{url}/hooks", client, from_start=True)
        )
        services.log.sequence()
        while services.couriers.round():
            pass
        services.subscriptions.set_enabled(made.id, is_enabled=False)
        server.shutdown()
    if receiver.refused:
        raise ConfigurationError(f"接收方拒收。The receiver refused what is not as documented: {receiver.refused[0]}.")
    last = receiver.events[max(receiver.events)]
    demo.say(f"  收到并验签 received and verified: {len(receiver.events)}")
    demo.say(f"  {json.dumps(last, ensure_ascii=False)}")


def _is_in_force(demo: _Demo, licence_identifier: str) -> bool:
    return demo.container.licences.public_answer(licence_identifier).listed.in_force == "yes"


def _lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]
