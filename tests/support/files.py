"""Files between nodes of one process: taken in, said with a note, and talked of until both are quiet.

Invariant: `talk` does what the delivery of files does, message by message, through bytes.
"""

from __future__ import annotations

import io
import random
import secrets
from collections.abc import Sequence

from django.db import connection

from support.node import Node
from support.notes import NOTE
from tansiq.cases.files import add_file
from tansiq.cases.files_sending import SentFile, file_parts_of
from tansiq.exchange.drafts import Draft, Reader
from tansiq.exchange.files_exchange import files_message, talk_of_files
from tansiq.exchange.files_wire import FilesMessage, parse_files_message
from tansiq.exchange.readers import post_reader
from tansiq.exchange.services import send
from tansiq.protocol.docket import Docket
from tansiq.protocol.manifest import Manifest
from tansiq.protocol.parts import Part

__all__ = ["PURPOSE", "a_text", "answer_to", "ask", "chunk_count", "put_in", "say_file", "talk"]

PURPOSE = "purpose.investigation"


def a_text(size: int, seed: int = 1) -> bytes:
    """An invented plain text of ``size`` bytes."""
    words = random.Random(seed).choices(["niebla", "puerto", "tren", "lunes", "azul", "norte", "llave"], k=size // 4)
    return " ".join(words).encode()[:size].ljust(size, b".")


def put_in(node: Node, data: bytes, *, name: str = "nota.txt", case: bytes = b"", officer: str = "") -> bytes:
    """Takes a file in; returns its item."""
    context = node.use()
    number = officer or node.officer().number
    return add_file(
        io.BytesIO(data), name=name, size=len(data), context=context, officer=number, purpose=PURPOSE, case=case
    )


def say_file(
    sender: Node,
    receiver: Node,
    item: bytes,
    *,
    route: Sequence[str] = (),
    readers: Sequence[Reader] = (),
    manifest: Manifest | None = None,
) -> tuple[bytes, list[SentFile]]:
    """Says a note with the file of ``item``; returns the statement's id and the file as it was sent."""
    context = sender.use()
    parts, sent = file_parts_of([(item, 0)], first=1, context=context, officer=sender.officer().number)
    if manifest is not None:
        parts = [manifest.to_part()]
    to = readers or [post_reader(receiver.post(), peer=receiver.agency, now_ms=context.clock())]
    docket = Docket(
        kind=NOTE,
        channel="embassy",
        matter=secrets.token_bytes(16),
        sender=sender.post(),
        route=route or (sender.post(), receiver.post()),
        addressees=(receiver.post(),),
        handling=("H1",),
        classification="class.restricted",
    )
    draft = Draft(docket=docket, parts=[Part(NOTE, {0: b"with a file"}), *parts], readers=to)
    return send(draft, context=context).id, sent


def ask(node: Node, peer: Node) -> FilesMessage:
    """What ``node`` says of files to ``peer`` first; ``node`` stays bound."""
    return files_message(peer.agency, context=node.use())


def answer_to(message: FilesMessage, node: Node) -> FilesMessage:
    """What ``node`` answers, or says next; ``node`` stays bound."""
    context = node.use()
    return talk_of_files(parse_files_message(message.to_bytes()), peer=message.sender, context=context)


def talk(caller: Node, other: Node, *, most: int = 1000) -> int:
    """Lets ``caller`` talk until neither has more to say, or ``most`` messages were sent; ``caller`` stays bound."""
    message, said, count = ask(caller, other), None, 0
    while count < most and message != said:
        count += 1
        said = message
        message = answer_to(answer_to(message, other), caller)
        if message.empty:
            break
    caller.use()
    return count


def chunk_count(node: Node) -> int:
    """How many chunks lie at a node; it stays bound."""
    node.use()
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM exchange_chunk")
        return int(cursor.fetchone()[0])
