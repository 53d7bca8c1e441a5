"""Numbers and strings of canonical JSON as node writes them: RFC 8785 takes both from ECMAScript."""

import json
import random
import struct
import subprocess

from signing.canonical_json import canonical


def node(text):
    """Each value of a JSON array as ECMAScript's JSON.stringify writes it."""
    program = "JSON.parse(require('fs').readFileSync(0)).forEach(x => console.log(JSON.stringify(x)))"
    done = subprocess.run(["node", "--eval", program], input=text, capture_output=True, text=True, check=True)
    return done.stdout.removesuffix("\n").split("\n")


def test_numbers_are_those_of_ecmascript():
    chance = random.Random(8785)
    numbers = [struct.unpack(">d", chance.randbytes(8))[0] for _ in range(20_000)]
    numbers += [chance.uniform(-1, 1) * 10 ** chance.randint(-9, 24) for _ in range(20_000)]
    numbers += [float(f"1e{exponent}") for exponent in range(-30, 31)]
    finite = [number for number in numbers if number - number == 0]
    assert len(finite) > 39_000
    ours = [canonical(repr(number).encode()).decode() for number in finite]
    assert ours == node(f"[{','.join(map(repr, finite))}]")


def test_strings_are_those_of_ecmascript():
    characters = [chr(code) for code in range(0x3000) if not 0xD800 <= code < 0xE000]
    characters += ["\u2028", "\u2029", "\ufeff", "\uffff", "😀", "𠮷", "阳江市"]
    ours = [canonical(json.dumps(each).encode()).decode() for each in characters]
    assert ours == node(json.dumps(characters))
