"""Asking the node, from the command line: through the running node's socket, else here, with the home opened for this one act.

Invariant: never here while a worker has the home; the same act, the same checks, the same errors either way; an officer's passphrase is
asked before anything is sent. What was done while the node does not run leaves when it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tansiq.cli.language import told
from tansiq.cli.options import opened_here, passphrase
from tansiq.cli.showing import hint
from tansiq.errors import BadInput, Unavailable
from tansiq.node.asking import ask, error_from, request_line
from tansiq.node.home import Home
from tansiq.node.running import WORKER, is_worked, wait_running

__all__ = ["NOBODY", "Credential", "ask_node", "credential"]

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Credential:
    """Who asks: an officer's service number and passphrase; both empty for an act that needs no officer."""

    officer: str = ""
    passphrase: str = ""

    def __repr__(self) -> str:
        return f"Credential({self.officer!r})"


NOBODY = Credential()
_STARTING_SECONDS: Final = 15.0
_LEAVING: Final = frozenset({"enquiry.send", "enquiry.answer", "enquiry.refuse"})


def credential(officer: str, descriptor: int | None, *, required: bool = True) -> Credential:
    """The credential of ``--as``, its passphrase read from the descriptor or asked. Raises BadInput when it is required and not there."""
    if not officer:
        if required:
            raise BadInput("cli.no-officer")
        return NOBODY
    return Credential(officer, passphrase(descriptor, told("cli.ask.officer", officer=officer)))


def _telling(progress: Progress | None) -> Callable[[Mapping[str, Any]], None]:
    def tell(said: Mapping[str, Any]) -> None:
        if progress is not None:
            progress(str(said.get("phase", "")), int(said.get("done", 0)), int(said.get("total", 0)))

    return tell


def _here(home: Home, line: bytes, tell: Callable[[Mapping[str, Any]], None]) -> Any:
    """Does the act in this process. Raises what it raises."""
    from tansiq.node.acts import perform

    answer = perform(line, opened_here(home), tell)
    if "error" in answer:
        raise error_from(answer["error"])
    return answer["result"]


def ask_node(
    home: Home,
    act: str,
    arguments: Mapping[str, Any] | None = None,
    *,
    who: Credential = NOBODY,
    progress: Progress | None = None,
) -> Any:
    """The result of ``act``. Raises what the act raises."""
    tell = _telling(progress)

    def there() -> Any:
        return ask(home, act, arguments or {}, officer=who.officer, passphrase=who.passphrase, told=tell)

    try:
        return there()
    except Unavailable as error:
        if error.code not in {"node.not-running", "node.socket-path-too-long"}:
            raise
    if is_worked(home, WORKER):  # it starts, or it ends: nothing is done in its home behind its back
        if wait_running(home, seconds=_STARTING_SECONDS):
            return there()
        if is_worked(home, WORKER):
            raise Unavailable("node.silent", home=str(home.path))
    if act in _LEAVING:
        hint("cli.not-running")
    return _here(home, request_line(act, arguments or {}, officer=who.officer, passphrase=who.passphrase), tell)
