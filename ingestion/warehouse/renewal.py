"""Something that has to be done again and again for as long as a block runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread


@contextmanager
def renewed(
    renew: Callable[[], None], every_seconds: float, may_fail_by: tuple[type[Exception], ...]
) -> Iterator[None]:
    """Call `renew` in a thread of its own until the block has ended.

    Args:
        renew: what is done; the first time after the first pause.
        every_seconds: the pause.
        may_fail_by: errors after which it is tried again after the next pause.
    """
    is_over = Event()

    def keep() -> None:
        while not is_over.wait(every_seconds):
            with suppress(*may_fail_by):
                renew()

    keeping = Thread(target=keep, daemon=True)
    keeping.start()
    try:
        yield
    finally:
        is_over.set()
        keeping.join()
