"""The scripts of the pages, run by node: the parity vectors, OpenSSL's digests and signatures, and hostile input."""

import json
import secrets
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "verify_web" / "scripts"
PARITY = ROOT / "tests" / "vectors" / "parity"
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123


def run(script, value):
    """What ``script``, given ``input``, leaves in ``output``."""
    source = "".join(
        f"import * as {name.replace('-', '_')} from '{(SCRIPTS / name).as_uri()}.js';"
        for name in ("bytes", "cbor", "cose", "licence-code", "signed-list", "sm2", "sm3")
    )
    source += (
        "const input = JSON.parse((await import('node:fs')).readFileSync(0));"
        "const octets = text => new Uint8Array(Buffer.from(text, 'base64'));"
        f"let output; {script}; console.log(JSON.stringify(output))"
    )
    done = subprocess.run(
        ["node", "--input-type=module", "--eval", source],
        input=json.dumps(value),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def openssl(*words, data=b""):
    return subprocess.run(["openssl", *words], input=data, capture_output=True, check=True).stdout


def vectors(name):
    found = json.loads((PARITY / f"{name}.json").read_text())
    for key in found["trust"]["keys"]:
        key["reason"] = "GENUINE"
    return found


def test_licence_codes_get_the_reason_codes_of_the_command_line_and_the_api():
    given = vectors("licence_codes")
    answers = run("output = input.cases.map(c => licence_code.checkLicenceCode(c.payload, input.trust.keys))", given)
    assert [(a["genuine"], a["reasons"]) for a in answers] == [(c["genuine"], c["reasons"]) for c in given["cases"]]


def test_signed_lists_get_the_reason_codes_of_the_command_line_and_the_api():
    given = vectors("lists")
    answers = run(
        "output = input.cases.map(c => signed_list.checkSignedList(octets(c.content_base64), input.trust.keys, "
        "Date.parse(input.at) / 1000))",
        given,
    )
    assert [(a["genuine"], a["inForce"], a["reasons"]) for a in answers] == [
        (c["genuine"], c["in_force"], c["reasons"]) for c in given["cases"]
    ]


@pytest.mark.parametrize("reason", ["CERTIFICATE_REVOKED", "CERTIFICATE_EXPIRED", "REVOCATION_NOT_CHECKED"])
def test_a_certificate_that_does_not_validate_leaves_the_answer_open(reason):
    given = vectors("licence_codes")
    keys = [key | {"reason": reason} for key in given["trust"]["keys"]]
    answer = run("output = licence_code.checkLicenceCode(input[0], input[1])", [given["cases"][0]["payload"], keys])
    assert (answer["genuine"], answer["reasons"]) == ("unknown", [reason])


@pytest.mark.parametrize("length", [0, 1, 55, 56, 63, 64, 65, 119, 120, 1000, 100_003])
def test_sm3_is_that_of_openssl(length):
    data = secrets.token_bytes(length)
    expected = openssl("dgst", "-sm3", "-r", data=data).split()[0].decode()
    pieces = [data[at : at + 977].hex() for at in range(0, length, 977)]
    script = (
        "const h = new sm3.Sm3(); for (const p of input) h.update(bytes.fromHex(p)); output = bytes.toHex(h.digest())"
    )
    assert run(script, pieces) == expected


def test_signatures_of_openssl_verify_and_altered_ones_do_not(tmp_path):
    key = tmp_path / "key.pem"
    key.write_bytes(openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:SM2"))
    point = openssl("pkey", "-in", str(key), "-pubout", "-outform", "DER")[-65:].hex()
    cases = []
    for number in range(8):
        message = tmp_path / "message"
        message.write_bytes(secrets.token_bytes(number * 37))
        der = openssl(
            *("pkeyutl", "-sign", "-rawin", "-digest", "sm3", "-pkeyopt", "distid:1234567812345678"),
            *("-inkey", str(key), "-in", str(message)),
        )
        r, s = raw(der)
        good, data = f"{r:064x}{s:064x}", message.read_bytes().hex()
        cases.append([point, data, good, True])
        cases.append([point, data + "00", good, False])
        cases.extend([point, data, f"{x:064x}{y:064x}", False] for x, y in hostile(r, s))
        cases.append([point, data, good + "00", False])
    script = "output = input.map(([k, m, s]) => sm2.verify(...[k, m, s].map(bytes.fromHex)))"
    assert run(script, cases) == [case[3] for case in cases]


def raw(der):
    """r and s of a signature in DER."""
    length = der[3]
    return int.from_bytes(der[4 : 4 + length]), int.from_bytes(der[6 + length :])


def hostile(r, s):
    """Values that are out of their range, or add up to the order."""
    return ((s, r), (0, s), (r, 0), (N, s), (r, N), (r, N - r), (r, (N - s) % N), ((1 << 256) - 1, s))


def test_points_that_are_none_of_the_curve_are_refused():
    good = ec.generate_private_key(ec.SECP256R1()).public_key()
    other_curve = good.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint).hex()
    prime = "fffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffff"
    points = [other_curve, "04" + "00" * 64, "04" + prime + "00" * 32, "02" + "11" * 32, "", "04" + "ff" * 64]
    script = (
        "output = input.map(p => { try { return sm2.publicPoint(bytes.fromHex(p)) && 'taken' } "
        "catch (error) { return error.constructor.name } })"
    )
    assert run(script, points) == ["Malformed"] * len(points)


@pytest.mark.parametrize(
    "encoded",
    [
        *(
            "",
            "1800",
            "1817",
            "190017",
            "1a0000ffff",
            "1b00000000ffffffff",
            "9fff",
            "5f41ff",
            "f97e00",
            "fb7ff8000000000000",
        ),
        *("f7", "f0", "f820", "0000", "a201000100", "a202000100", "a1f500", "a14100f6", "61ff", "62c080", "63eda080"),
        *(
            "c100",
            "c0a0",
            "82",
            "42ff",
            "9bffffffffffffffff",
            "bbffffffffffffffff",
            "81" * 10 + "00",
            "5bffffffffffffffff",
        ),
    ],
)
def test_what_is_not_deterministic_cbor_is_refused(encoded):
    script = (
        "try { cbor.decode(bytes.fromHex(input)); output = 'taken' } catch (error) { output = error.constructor.name }"
    )
    assert run(script, encoded) == "Malformed"
