"""Hostile files, pictures and texts: each gets an answer or a refusal of ours, soon, and never *genuine*."""

import io
import os
import random
import re
import signal
import time
import zlib

from PIL import Image

from gateway.domain.answers import Genuine
from gateway.errors import GatewayError
from signing.errors import SigningError
from tests.faults.gateway import APPLICATIONS, records, set_up
from tests.faults.result import FaultResult
from tests.unit.signing.revisions import updated

SEED = 20261124
MUTATIONS = 300
HEX = b"0123456789abcdef"
BOUND_MS = 12_000
"""No input may hold a server longer: eight seconds of reading, and the start of another process on a busy machine."""


def run(folder):
    """Three kinds of doors: files to verify, pictures to read, texts to resolve."""
    container = set_up(folder / "home")
    licence = container.licences.issue(records(APPLICATIONS)[0])
    original = licence.electronic_file.read_bytes()
    signed, container_of = covered(original)
    paper = licence.paper_file.read_bytes()

    def verify(data):
        return container.verifications.verify(data, "hostile.pdf").answer.genuine

    def verify_surely(data):
        try:
            return verify(data)
        except (GatewayError, SigningError) as error:
            return repr(error)  # no answer, and none that is allowed

    def read_picture(data):
        return container.codes.resolve_image(data).licence

    def resolve(text):
        return container.codes.resolve(text).licence

    try:
        # Without this, doors that are shut to everything would look safe.
        assert verify(original) is Genuine.YES
        assert resolve(licence.qr_text).listed.genuine is Genuine.YES
        return [
            attack("signed PDF, bytes changed", mutations(original, signed), verify, {Genuine.NO, Genuine.UNKNOWN}),
            attack(
                "container of the signature, bytes changed",
                mutations(original, container_of, HEX),
                verify,
                set(Genuine),
            ),
            attack("signed PDF, cut off", cuts(original), verify, {Genuine.NO, Genuine.UNKNOWN}),
            attack("PDF made to hurt", hostile_pdfs(paper), verify, {Genuine.NO, Genuine.UNKNOWN}),
            attack("update after signing", updates(original), verify, {Genuine.NO}),
            attack("reading process killed", killed(container, original), verify_surely, {Genuine.YES}),
            attack("picture made to hurt", hostile_pictures(), read_picture, {None}),
            attack("text made to hurt", hostile_texts(licence.qr_text), resolve, {None}),
        ]
    finally:
        container.deps.engine.dispose()


def attack(name, inputs, door, allowed):
    """Every input through one door; a refusal of our own is as good as an allowed answer."""
    rounds = survived = refused = wrong = 0
    slowest, first_breach = 0.0, ""
    for value in inputs:
        rounds += 1
        started = time.perf_counter()
        try:
            answer = door(value)
            fault = "" if answer in allowed else f"answered {answer}"
            wrong += answer not in allowed
        except (GatewayError, SigningError):
            refused, fault = refused + 1, ""
        except Exception as error:  # noqa: BLE001 - what escapes is what this looks for
            fault = f"{type(error).__name__}: {error}"
        elapsed = (time.perf_counter() - started) * 1000
        fault = fault or (f"took {elapsed:.0f} ms" if elapsed > BOUND_MS else "")
        slowest = max(slowest, elapsed)
        survived += not fault
        if fault and not first_breach:
            first_breach = f"; BREACH at input {rounds}: {fault[:300]}"
    said = f"{refused} refused, {survived - refused} answered{first_breach}"
    return FaultResult(name, rounds, survived, said, slowest, wrong=wrong)


def covered(original):
    """Places of the bytes that the signature is over, and of those that hold it.

    Of these nobody signed the certificates, which are looked for elsewhere too, nor the time-stamp, without which a
    signature is judged as of now (EN 319 102-1, 5.5.4): whoever changes them changes nothing of what the authority said.
    """
    start, length, second, rest = map(int, re.search(rb"/ByteRange ?\[(\d+) (\d+) (\d+) (\d+)", original).groups())
    return [*range(start, start + length), *range(second, second + rest)], range(start + length, second)


def mutations(original, places, values=bytes(range(256))):
    """One to four of the bytes at these places changed to other values."""
    chance = random.Random(SEED)
    for _ in range(MUTATIONS):
        changed = bytearray(original)
        for _ in range(chance.randint(1, 4)):
            place = chance.choice(places)
            changed[place] = chance.choice(values.replace(changed[place : place + 1], b""))
        yield bytes(changed)


def cuts(original):
    """The file broken off, or with its middle left out."""
    chance = random.Random(SEED)
    for _ in range(60):
        start = chance.randrange(1, len(original))
        yield original[:start]
        yield original[:start] + original[start + chance.randrange(1, 5000) :]


def updates(original):
    """Each object of a signed licence replaced by another in an update, and something added that hangs nowhere."""
    count = int(re.findall(rb"/Size (\d+)", original)[-1])
    for number in range(1, count):
        yield updated(original, {number: b"<</Replaced true>>"}, trailer=_root(original), size=count)
    yield updated(original, {count: b"(added)"}, trailer=_root(original), size=count + 1)
    yield original + b"\n9 0 obj\n<<>>\nendobj\n"


def _root(original):
    return re.findall(rb"/Root \d+ 0 R", original)[-1]


def killed(container, original):
    """The genuine file again and again, each time after the process that reads it was killed."""
    for _ in range(5):
        for process in container.deps.workers.process_ids():
            os.kill(process, signal.SIGKILL)
        yield original


def hostile_pdfs(paper):
    """Bombs, loops, nesting, nonsense."""
    bomb = zlib.compress(zlib.compress(bytes(200_000_000), 9), 9)
    yield b""
    yield b"%PDF-1.7"
    yield b"%PDF-1.7\n" + b"[" * 200_000
    yield b"%PDF-1.7\n" + b"<<" * 200_000
    yield b"%PDF-1.7\n" + b"(" * 200_000
    itself = b"<< /Type /Catalog /Pages 1 0 R /AcroForm 1 0 R /Fields [1 0 R] /Kids [1 0 R] >>"
    yield b"%PDF-1.7\n1 0 obj " + itself + b" endobj\ntrailer << /Root 1 0 R >>"
    yield b"%PDF-1.7\nstartxref\n999999999999999999999\n%%EOF"
    yield b"%PDF-1.7\nxref\n0 1\ntrailer << /Prev 9 /Root 1 0 R /Size 4294967295 >>\nstartxref\n9\n%%EOF"
    yield b"%PDF-1.7\nxref\n0 4294967295\ntrailer << >>\nstartxref\n9\n%%EOF"
    header = b"%%PDF-1.7\n1 0 obj << /Length %d /Filter [/FlateDecode /FlateDecode] /Type /XRef /W [8 8 8] /Size 9 >> stream\n"
    yield header % len(bomb) + bomb + b"\nendstream endobj\nstartxref\n9\n%%EOF"
    yield (
        header.replace(b"/XRef", b"/ObjStm /N 99999999 /First 0") % len(bomb)
        + bomb
        + b"\nendstream endobj\nstartxref\n9\n%%EOF"
    )
    yield paper.replace(b"/Root", b"/Rook")
    yield paper.replace(b"endobj", b"")
    yield paper.replace(b"%%EOF", b"%%EOF\n" * 50_000)
    yield paper + b"\x00" * 5_000_000
    yield paper[: len(paper) // 2] * 20


def hostile_pictures():
    """Bombs and broken pictures of every kind that is read."""
    for mode, size in (("1", (30_000, 30_000)), ("L", (1, 60_000)), ("L", (60_000, 1)), ("L", (1, 1))):
        stream = io.BytesIO()
        Image.new(mode, size).save(stream, "PNG")
        yield stream.getvalue()
    stream = io.BytesIO()
    Image.effect_noise((1800, 1800), 90).save(stream, "PNG")
    noise = stream.getvalue()
    yield noise
    for keep in (8, 33, 100, len(noise) // 2):
        yield noise[:keep]
    yield b""
    yield b"GIF89a" + b"\xff" * 100
    yield b"\xff\xd8\xff\xe0" + bytes(1000)
    yield b"RIFF\xff\xff\xff\xffWEBPVP8 " + bytes(100)
    yield b"<svg xmlns='http://www.w3.org/2000/svg' width='9e9' height='9e9'/>"


def hostile_texts(genuine):
    """A licence code that is not quite, look-alike addresses, control characters, length."""
    chance = random.Random(SEED)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    head = genuine.rindex("/") + 1
    # The last character carries padding bits: changed alone, the same bytes may come out, so it is left as it is.
    for _ in range(200):
        place = chance.randrange(head, len(genuine) - 1)
        other = chance.choice(alphabet.replace(genuine[place].upper(), ""))
        yield genuine[:place] + other + genuine[place + 1 :]
    yield genuine[:-9]
    yield genuine + "A" * 8
    yield genuine[:head] + "A" * 100_000
    yield genuine.replace("127.0.0.1", "127.0.0.1@evil.example")
    yield "javascript:alert(1)"
    yield "file:///etc/passwd"
    yield "\x00\x1b[2J" * 1000
    yield "9" * 1_000_000
    yield "http://[::1]:99999999/"
    yield "\u202e" + genuine
    yield "https://" + "a." * 50_000
