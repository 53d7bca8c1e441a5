import hashlib
from datetime import UTC, datetime

import pytest

from gateway.domain.puzzles import make_puzzle, read_proof

SECRET, ADDRESS = b"s" * 32, "192.0.2.7"
PUZZLE = make_puzzle(SECRET, ADDRESS, bits=8, opens=1_800_000_000, ends=1_800_000_600, chance=b"12345678")
CODE = PUZZLE.text.rpartition("-")[2]


def answer_of(puzzle):
    """Worked out here once more, bit by bit, from the text alone."""
    code, number = puzzle.text.split("-")[-1], 0
    while f"{int(hashlib.sha256(f'{code}.{number}'.encode()).hexdigest(), 16):0256b}"[: puzzle.bits].strip("0"):
        number += 1
    return str(number)


def test_a_puzzle_is_read_back_with_its_answer():
    answer = answer_of(PUZZLE)
    puzzle, read = read_proof(SECRET, ADDRESS, f"{PUZZLE.text}.{answer}")
    assert (puzzle, read) == (PUZZLE, answer)
    assert puzzle.opens_at == datetime.fromtimestamp(1_800_000_000, UTC)
    assert puzzle.is_solved_by(answer)
    assert not puzzle.is_solved_by("")
    wrong = next(str(n) for n in range(100) if hashlib.sha256(f"{CODE}.{n}".encode()).digest()[0])
    assert not puzzle.is_solved_by(wrong)


def test_what_is_hashed_fits_one_block_of_sha_256():
    assert len(f"{CODE}.{'9' * 20}") <= 55


@pytest.mark.parametrize("at", range(len(PUZZLE.text)))
def test_no_character_of_a_puzzle_can_be_changed(at):
    other = "7" if PUZZLE.text[at] != "7" else "8"
    assert read_proof(SECRET, ADDRESS, f"{PUZZLE.text[:at]}{other}{PUZZLE.text[at + 1 :]}.") is None


@pytest.mark.parametrize(
    "proof", ["", ".", PUZZLE.text + ".x", PUZZLE.text + ".1.2", PUZZLE.text + "." + "1" * 21, PUZZLE.text + ".１",
              PUZZLE.text.replace("8-", "８-", 1) + ".", " " + PUZZLE.text, "9" * 5000]
)  # fmt: skip
def test_what_is_no_proof_is_none(proof):
    assert read_proof(SECRET, ADDRESS, proof) is None


def test_a_puzzle_is_for_one_address_and_one_gateway():
    assert read_proof(SECRET, "192.0.2.8", f"{PUZZLE.text}.1") is None
    assert read_proof(b"t" * 32, ADDRESS, f"{PUZZLE.text}.1") is None
