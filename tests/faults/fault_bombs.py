"""Resource bombs through every door that takes files or texts: an answer or a refusal, soon, within bounded memory."""

import io
import json
import zipfile

import psutil
from openpyxl import Workbook
from PIL import Image

from gateway.app import create_app
from gateway.domain.answers import Genuine
from gateway.services.conversions import ConversionSource
from tests.api.conftest import DepartmentClient
from tests.department_server import department_headers
from tests.faults.fault_hostile import attack
from tests.faults.gateway import APPLICATIONS, records, set_up
from tests.faults.result import FaultResult
from tests.hostile_pdfs import HOSTILE
from tests.unit.domain.cleaning_rows import HEADINGS

MEGABYTE = 1 << 20
MOST_MEGABYTES = 1500
"""Of this process and its reading processes together: a reading process is stopped at 1 GiB of address space."""


def run(folder):
    """Each door with what is made to swell in it."""
    container = set_up(folder / "home")
    original = container.licences.issue(records(APPLICATIONS)[0]).electronic_file.read_bytes()
    client = DepartmentClient(create_app(container))
    client.department = department_headers(container)

    def verify(data):
        return container.verifications.verify(data, "bomb.pdf").answer.genuine

    def take_in(path):
        container.conversions.begin(ConversionSource(path, container.catalogue.load(), {}))
        return "taken in"

    def post(request):
        path, content_type, body = request
        answer = client.post(path, data=body, content_type=content_type)
        return "refused" if 400 <= answer.status_code < 500 or answer.status_code == 503 else answer.status_code

    try:
        assert verify(original) is Genuine.YES
        pdfs = bounded("bomb: PDF", made(HOSTILE), verify, {Genuine.NO, Genuine.UNKNOWN})
        assert verify(original) is Genuine.YES, "the door is open again"
        return [
            pdfs,
            bounded("bomb: picture", pictures(), lambda data: container.codes.resolve_image(data).licence, {None}),
            bounded("bomb: spreadsheet", spreadsheets(folder), take_in, set()),
            bounded("bomb: body of a request", bodies(), post, {"refused"}),
        ]
    finally:
        container.deps.engine.dispose()


def bounded(name, inputs, door, allowed):
    """As every attack, and the memory that is in use after each input stays below the bound."""
    seen = [0]

    def measured(value):
        try:
            return door(value)
        finally:
            own = psutil.Process()
            processes = [own, *own.children(recursive=True)]
            seen.append(sum(process.memory_info().rss for process in processes if process.is_running()) // MEGABYTE)
            assert max(seen) < MOST_MEGABYTES, f"{max(seen)} MB in use"

    found = attack(name, inputs, measured, allowed)
    said = f"{found.detail}; {max(seen)} MB in use at most"
    return FaultResult(name, found.rounds, found.survived, said, found.slowest_ms, wrong=found.wrong)


def made(makers):
    """Each file when it is wanted; some are large."""
    return (maker() for maker in makers.values())


def pictures():
    """Small files of many pixels."""
    for kind, mode, size in (
        ("PNG", "1", (60_000, 30_000)),
        ("PNG", "L", (20_000, 20_000)),
        ("GIF", "L", (20_000, 20_000)),
        ("TIFF", "1", (30_000, 30_000)),
        ("WEBP", "RGB", (16_000, 16_000)),
    ):
        stream = io.BytesIO()
        Image.new(mode, size).save(stream, kind)
        yield stream.getvalue()


def spreadsheets(folder):
    """Archives that unpack to too much, and markup that multiplies."""
    swelling = folder / "swelling.xlsx"
    with (
        zipfile.ZipFile(swelling, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w") as sheet,
    ):
        for _ in range(600):
            sheet.write(bytes(MEGABYTE))
    yield swelling
    plain = folder / "plain.xlsx"
    book = Workbook()
    book.active.append(HEADINGS)
    book.save(plain)
    levels = "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    laughs = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha">{levels}]><worksheet>&i;</worksheet>'.encode()
    nested = b"<worksheet>" + b"<a>" * 500_000
    for name, data in (("laughs", laughs), ("nested", nested)):
        path = folder / f"{name}.xlsx"
        with zipfile.ZipFile(plain) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
            for entry in source.infolist():
                is_sheet = entry.filename == "xl/worksheets/sheet1.xml"
                target.writestr(entry, data if is_sheet else source.read(entry))
        yield path
    overlapping = folder / "many.xlsx"
    with zipfile.ZipFile(overlapping, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(20_000):
            archive.writestr(f"xl/{number}.xml", b"")
    yield overlapping


def bodies():
    """JSON that nests or repeats, numbers without end, forms of many parts."""
    plain = "application/json"
    yield "/api/v1/resolutions", plain, b"[" * 100_000
    yield "/api/v1/resolutions", plain, b'{"text":' * 50_000
    yield "/api/v1/resolutions", plain, b'{"text": ' + b"9" * 1_000_000 + b"}"
    yield "/api/v1/licences", plain, json.dumps({"record": {str(n): "x" for n in range(200_000)}}).encode()
    yield "/api/v1/licences", plain, b'{"record": ' + b'{"a":' * 20_000 + b"1" + b"}" * 20_000 + b"}"
    part = b'--x\r\nContent-Disposition: form-data; name="%d"\r\n\r\n1\r\n'
    yield (
        "/api/v1/verifications",
        "multipart/form-data; boundary=x",
        b"".join(part % n for n in range(50_000)) + b"--x--",
    )
    yield "/api/v1/verifications", "application/x-www-form-urlencoded", b"&".join(b"a%d=1" % n for n in range(200_000))
