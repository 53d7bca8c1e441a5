"""Who may look up now: harvesting the register must not pay (docs/visits.md)."""

import hmac
import secrets
from collections.abc import Iterable
from functools import cached_property
from math import ceil

from gateway.domain.networks import visitor_of
from gateway.domain.puzzles import Puzzle, make_puzzle, read_proof
from gateway.errors import ProofOfWorkRequiredError, TooManyVisitsError
from gateway.persistence.visit_counts import VisitCounts
from gateway.services.challenge_phrases import ChallengePhrases
from gateway.services.dependencies import Dependencies

_LABEL = b"licence-gateway visits 1"
_GOOD_FOR = 600
"""Seconds that a puzzle is worth something once it has opened."""
_LONGEST_QUEUE = 600
"""Seconds that the visitors of one address wait for each other at most."""
_GOOD_PASS = 60
_EVERYONE = "everyone"
_CHANCE_BYTES = 8


class Visits:
    """Counts look-ups for the address, for the code and for everyone; one set of counts for all processes of a server."""

    def __init__(self, deps: Dependencies, phrases: ChallengePhrases, counts: VisitCounts | None) -> None:
        self._deps = deps
        self._phrases = phrases
        self._given = counts

    def admit(self, address: str, codes: Iterable[str], proof: str = "") -> bool:
        """Count one look-up; whether ``proof`` paid for it, which is worth nothing then.

        TooManyVisitsError says how long to wait, ProofOfWorkRequiredError what lets in at once.
        """
        settings, visitor = self._deps.settings, visitor_of(address)
        wait = self._counts.wait_for(f"address {visitor}", settings.lookups_per_minute)
        if wait:
            raise TooManyVisitsError(ceil(wait))
        limit = settings.code_lookups_per_minute
        wait = max((self._counts.wait_for(f"code {code.upper()}", limit) for code in codes), default=0.0)
        if settings.proof_of_work_bits == 0:
            if wait:
                raise TooManyVisitsError(ceil(wait))
            return False
        if not wait and not self._is_crowded():
            return False
        if not self._redeem(visitor, proof):
            raise self._asking(visitor)
        return True

    def admit_token(self, token: str) -> None:
        """Count one question by whoever holds a token: it counts for that alone, since many phones may come through one address.

        TooManyVisitsError says how long to wait.
        """
        wait = self._counts.wait_for(f"token {token}", self._deps.settings.code_lookups_per_minute)
        if wait:
            raise TooManyVisitsError(ceil(wait))

    def is_good(self, address: str, proof: str) -> bool:
        """Whether a proof would let this address in now; it may have been used."""
        return self._good(visitor_of(address), proof) is not None

    def too_early(self, address: str, proof: str) -> ProofOfWorkRequiredError | None:
        """What to say to someone who neither solved the puzzle nor waited long enough; None to everyone else."""
        read, now = read_proof(self._secret, visitor_of(address), proof), self._deps.clock()
        if read is None or read[0].opens_at <= now or read[0].is_solved_by(read[1]):
            return None
        return ProofOfWorkRequiredError(ceil((read[0].opens_at - now).total_seconds()), read[0].to_json())

    def pass_on(self, address: str) -> str:
        """A proof for the page that a form leads to, for someone who has just paid for the form."""
        now = int(self._deps.clock().timestamp())
        return f"{self._puzzle(visitor_of(address), now, now + _GOOD_PASS).text}."

    @cached_property
    def _counts(self) -> VisitCounts:
        return self._given or VisitCounts()

    @cached_property
    def _secret(self) -> bytes:
        """Opening it is slow on purpose."""
        return hmac.digest(self._phrases.secret(), _LABEL, "sm3")

    def _is_crowded(self) -> bool:
        above = self._deps.settings.proof_of_work_above
        return above == 0 or self._counts.wait_for(_EVERYONE, above) > 0

    def _asking(self, visitor: str) -> ProofOfWorkRequiredError:
        """A new puzzle. Who asks for many gets in by waiting once in so many seconds all the same."""
        each, queue = self._deps.settings.proof_of_work_wait_seconds, f"waiting {visitor}"
        wait, now = ceil(self._counts.queue(queue, each)), int(self._deps.clock().timestamp())
        if wait > max(_LONGEST_QUEUE, each):
            # Whoever shares an address with a harvester may still solve the puzzle; this one opens for nobody who waits.
            self._counts.queue(queue, -each)
            return ProofOfWorkRequiredError(
                _LONGEST_QUEUE, self._puzzle(visitor, now + _GOOD_FOR, now + _GOOD_FOR).to_json()
            )
        return ProofOfWorkRequiredError(wait, self._puzzle(visitor, now + wait, now + wait + _GOOD_FOR).to_json())

    def _puzzle(self, visitor: str, opens: int, ends: int) -> Puzzle:
        bits, chance = self._deps.settings.proof_of_work_bits, secrets.token_bytes(_CHANCE_BYTES)
        return make_puzzle(self._secret, visitor, bits=bits, opens=opens, ends=ends, chance=chance)

    def _good(self, visitor: str, proof: str) -> tuple[Puzzle, bool] | None:
        """The puzzle of a proof that is good now, and whether it was worked out rather than waited for."""
        read, now = read_proof(self._secret, visitor, proof), self._deps.clock()
        if read is None or read[0].ends_at <= now:
            return None
        puzzle, answer = read
        is_solved = puzzle.is_solved_by(answer)
        return (puzzle, is_solved) if is_solved or puzzle.opens_at <= now else None

    def _redeem(self, visitor: str, proof: str) -> bool:
        found = self._good(visitor, proof)
        if found is None:
            return False
        puzzle, is_solved = found
        left = (puzzle.ends_at - self._deps.clock()).total_seconds()
        if not self._counts.claim(puzzle.text, left + 1):
            return False
        if is_solved:
            # The place in the queue is for someone behind the same address who cannot work it out.
            self._counts.queue(f"waiting {visitor}", -self._deps.settings.proof_of_work_wait_seconds)
        return True
