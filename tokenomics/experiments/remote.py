"""A sweep's tasks on a Dask cluster: handed out a few ahead, and refused by a worker that runs
other code than the one who asks.

Where the cluster goes away, one line says so, in place of what distributed logs.
"""

from __future__ import annotations

import contextlib
import logging
import pickle
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError, TokenomicsError, missing_extra
from ..inputs.files import reason
from ..results.sources import paths_of
from ..results.versions import source_digest, version_of
from .own_code import load_once
from .plan import Plan, perform, plan_code

AHEAD = 4  # tasks handed out for each thread, so that none waits
LOOK = 5.0  # s; how often the workers are counted anew where no task ends
PATIENCE = 600.0  # s without any worker; a queue of jobs may take minutes to start one
CONNECT = "10s"  # for a scheduler to answer, also where the connection broke
RETRIES = 3  # of a task whose worker fails
ADDRESS = "tcp://host:8786, or tls://host:8786 with Dask's settings of TLS"
SCHEMES = ("", "tcp", "tls", "ws", "wss", "ucx", "inproc")  # of Dask; tcp where none is given
Columns = dict[str, np.ndarray]


@dataclass(frozen=True)
class Code:
    """The package that a process runs. version: None where it is not installed, as in a
    checkout.
    """

    version: str | None
    source: str

    def __str__(self) -> str:
        return f"tokenomics {self.version or 'of a checkout'}, source {self.source[:16]}"

    def same(self, other: Code) -> bool:
        """Whether both compute the same numbers; a checkout has no version that could differ."""
        return self.source == other.source and (
            self.version == other.version or None in (self.version, other.version)
        )


# as it was imported: what lies on the disk may be newer than what a long-lived worker runs
CODE = Code(version_of("tokenomics"), source_digest())


class _Call:
    """Pickled, it is the call of `perform_alike`. A task that names our function itself would end a
    worker that has no such function.
    """

    def __init__(self, *arguments: Any):
        self._arguments = arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return perform_alike, self._arguments


def perform_alike(version: str | None, source: str, packed: bytes) -> Columns | str:
    """Do a task where this process runs that code; else say what it runs, and where it is. packed:
    files of the sender's own code, and arguments of `perform`.
    """
    if CODE.same(Code(version, source)):
        files, arguments = pickle.loads(packed)
        load_once(files)
        return perform(*arguments)
    from distributed import get_worker

    return f"worker {get_worker().address} runs {CODE}"


def on_dask(
    plan: Plan, numbers: Sequence[int], scheduler: str | Any, name: str
) -> Iterator[tuple[int, Columns]]:
    """Do some tasks of a plan, in any order.

    scheduler: an address, or a cluster object. name: of the sweep; equal tasks of one name are done
    once. Raises InputError where no scheduler answers, TokenomicsError where a worker runs other
    code, a task fails on its workers, or the cluster goes away.
    """
    try:
        import distributed  # noqa: F401
    except ImportError:
        raise missing_extra("Dask", "cluster", argument="scheduler") from None
    with _quiet(), _client(scheduler) as client:
        yield from _done(client, plan, numbers, f"tokenomics-{name}-{CODE.source[:16]}")


def _done(
    client: Any, plan: Plan, numbers: Sequence[int], name: str
) -> Iterator[tuple[int, Columns]]:
    from distributed import wait

    left, pending, seen = iter(numbers), {}, time.monotonic()
    files = paths_of(plan_code(plan))
    try:
        while True:
            # workers may join and leave at any time
            threads = sum(client.nthreads().values())
            seen = time.monotonic() if threads else seen
            if time.monotonic() - seen > PATIENCE:
                raise TokenomicsError(f"the Dask scheduler has had no worker for {PATIENCE:g} s")
            while (
                len(pending) < AHEAD * max(threads, 1) and (number := next(left, None)) is not None
            ):
                call = pickle.dumps(
                    _Call(CODE.version, CODE.source, pickle.dumps((files, plan.arguments(number))))
                )
                pending[
                    client.submit(
                        pickle.loads, call, key=f"{name}-{number}", pure=True, retries=RETRIES
                    )
                ] = number
            if not pending:
                return
            with contextlib.suppress(TimeoutError), client.as_current():
                wait(list(pending), timeout=LOOK, return_when="FIRST_COMPLETED")
            for future in [future for future in pending if future.done()]:
                number = pending.pop(future)
                found = _result(future, number)
                future.release()
                yield number, found
    except (CancelledError, OSError, TimeoutError) as error:
        raise TokenomicsError(f"the Dask scheduler went away ({type(error).__name__})") from None


def _result(future: Any, number: int) -> Columns:
    if future.status == "error":
        error = future.exception()
        raise TokenomicsError(
            f"task {number} failed on its worker ({type(error).__name__}: {error}); all need this "
            f"package, {CODE}"
        )
    found = future.result()
    if isinstance(found, str):
        raise TokenomicsError(f"{found}, not {CODE} as here; install the same on all")
    return found


@contextlib.contextmanager
def _client(scheduler: str | Any) -> Iterator[Any]:
    from distributed import Client

    if not isinstance(scheduler, str):
        client = Client(scheduler, set_as_default=False)
    else:
        scheme, _, place = scheduler.rpartition("://")
        if scheme not in SCHEMES or not place.strip():
            raise InputError(f"'{scheduler}' is no address", argument="scheduler", expected=ADDRESS)
        if scheme == "tls":
            _check_certificates()
        try:
            client = Client(scheduler, timeout=CONNECT, set_as_default=False)
        except (OSError, ValueError, TypeError, RuntimeError) as error:
            found = f"no scheduler answers at '{scheduler}' ({type(error).__name__})"
            raise InputError(found, argument="scheduler", expected=ADDRESS) from None
    try:
        yield client
    finally:
        client.close()


def _check_certificates() -> None:
    """Refuse TLS without certificates, of which Dask says a `TypeError` only. Raises InputError."""
    from distributed import Security

    try:
        found = (
            "no certificates"
            if Security().get_connection_args("client").get("ssl_context") is None
            else ""
        )
    except OSError as error:  # and what OpenSSL says
        found = f"certificates that cannot be read ({reason(error)})"
    if found:
        wanted = (
            "Dask's settings distributed.comm.tls.ca-file, .client.cert and .client.key, for "
            "example DASK_DISTRIBUTED__COMM__TLS__CA_FILE=ca.pem"
        )
        raise InputError(found, argument="scheduler", expected=wanted)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without what distributed logs: what matters of it is said in one line."""
    # some of them have handlers of their own
    loggers = [
        logging.getLogger(name)
        for name in list(logging.root.manager.loggerDict)
        if name.split(".")[0] == "distributed"
    ]
    before = [logger.disabled for logger in loggers]
    for logger in loggers:
        logger.disabled = True
    try:
        yield
    finally:
        for logger, disabled in zip(loggers, before, strict=True):
            logger.disabled = disabled
