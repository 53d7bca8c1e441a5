"""SM2 on this machine: verification with a recurring key's table against plain EVP verification; signing for scale."""

import statistics
import time
from collections.abc import Callable

from signing import sm2, sm2_libcrypto
from tests.bench.result import BenchResult

ROUNDS, CALLS = 7, 300


def run() -> BenchResult:
    """CPU time, interleaved rounds, medians."""
    backend = sm2_libcrypto.load()
    private = backend.generate()
    key, message = private.public_key, bytes(112)
    e = sm2.message_digest(key, message)
    signature = backend.sign_digest(private, e)
    work = {
        "sm2_verify_with_table": lambda: backend.verify_digest(key, e, signature),
        "sm2_verify_plain": lambda: backend.verify_digest_plain(key, e, signature),
        "sm2_sign": lambda: backend.sign_digest(private, e),
    }
    for call in work.values():
        call()
    rounds = [{name: seconds(call) for name, call in work.items()} for _ in range(ROUNDS)]
    medians = {name: statistics.median(r[name] for r in rounds) for name in work}
    ratio = medians["sm2_verify_plain"] / medians["sm2_verify_with_table"]
    rates = {f"{name}_per_second": CALLS / value for name, value in medians.items()}
    return BenchResult({"sm2_verify_table_vs_plain": ratio}, rates)


def seconds(call: Callable[[], object]) -> float:
    """CPU seconds of one round."""
    started = time.process_time()
    for _ in range(CALLS):
        call()
    return time.process_time() - started
