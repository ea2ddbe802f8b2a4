"""Taking in a courier file, frame by frame: each is proven to be the sender's, for us, and in its place, before it is used.

Invariant: a frame does what the same bytes do when the network brings them, so what is known already changes nothing and is
receipted again; the receipts go back with the next file. A file may be a year old: keys are judged by their day, and it tells
nothing of the line. A file that is cut off has done what its frames say, and says that it is cut off.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from tansiq.directory.queries import current_directory, signing_key
from tansiq.directory.services import take_directory
from tansiq.errors import Error, NotFound, NotProven
from tansiq.exchange.carried import CourierFile, keep_file, note_heard, owe
from tansiq.exchange.context import Context
from tansiq.exchange.dispatch import dispatch_once
from tansiq.exchange.files_exchange import take_files
from tansiq.exchange.files_wire import parse_files_message
from tansiq.exchange.intake import keep, prove, require_confirmed
from tansiq.exchange.used_twice import proof_kept
from tansiq.faults import reach
from tansiq.protocol.courier import End, Frame, Header, Heading, Sort, open_frame, parse_header
from tansiq.protocol.directory import parse_directory
from tansiq.protocol.heads import Direction
from tansiq.protocol.keys import SealingKey
from tansiq.protocol.parcel import parse_parcel

__all__ = ["Took", "take_frame"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """What came of a frame: from whom, statements (of them new here), receipts for ours, faults, chunks; ``last`` of the file."""

    sender: str
    made_ms: int
    sort: Sort
    statements: int = 0
    new: int = 0
    receipts: int = 0
    faults: int = 0
    chunks: int = 0
    last: bool = False


def _key(header: Header, context: Context) -> SealingKey:
    opening = context.opening.get(header.reader)
    if opening is None or opening.owner != context.agency:
        raise NotFound("courier.other-node", agency=context.agency)
    return opening.key


def _proven(frame: Frame, context: Context) -> None:
    """Raises unless the frame is from a partner whose words were compared, for us, and signed by its node."""
    if frame.receiver != context.agency:
        raise NotProven("courier.other-receiver", agency=context.agency)
    require_confirmed(frame.sender)
    now_ms = context.clock()
    if frame.sort == Sort.HEADING:
        document = Heading.parse(frame.content).directory
        if parse_directory(document).agency != frame.sender:
            raise NotProven("protocol.other-identity", agency=frame.sender)
        take_directory(document, now_ms=now_ms)  # it proves itself, and may bring the key that signed the frame
    signer = frame.signature.signer if frame.signature else b""
    frame.verify(signing_key(current_directory(frame.sender), signer, signed_ms=frame.made_ms, now_ms=now_ms))


def take_frame(header: bytes, number: int, sealed: bytes, *, context: Context) -> Took:
    """Takes the frame at place ``number`` of the file that begins with ``header``.

    Raises NotFound (sealed to another node, an unknown sender), NotProven, Refused, BadInput, TooMuch and Unavailable; then
    the frame has changed nothing.
    """
    named = parse_header(header)
    frame = open_frame(sealed, header=named, number=number, key=_key(named, context))
    _proven(frame, context)
    taking = {Sort.HEADING: _heading, Sort.PARCEL: _parcel, Sort.FILES: _files, Sort.END: _end}[frame.sort]
    took = taking(frame, context)
    reach("courier.taken")
    return took


def _took(frame: Frame, **came: int) -> Took:
    return Took(sender=frame.sender, made_ms=frame.made_ms, sort=frame.sort, last=frame.last, **came)


def _heading(frame: Frame, context: Context) -> Took:
    now_ms = context.clock()
    with transaction.atomic():
        keep_file(_row(frame, now_ms))
        note_heard(frame.sender, Heading.parse(frame.content).heard, now_ms=now_ms)
    return _took(frame)


def _row(frame: Frame, now_ms: int, end: End | None = None) -> CourierFile:
    return CourierFile(
        file=frame.file,
        peer=frame.sender,
        direction=Direction.RECEIVED,
        made_ms=frame.made_ms,
        at_ms=now_ms,
        statements=end.statements if end else 0,
        receipts=end.receipts if end else 0,
        chunks=end.chunks if end else 0,
        whole=end is not None,
    )


def _parcel(frame: Frame, context: Context) -> Took:
    parcel = parse_parcel(frame.content)
    with proof_kept(context):
        proven = prove(parcel, peer=frame.sender, context=context)
        with transaction.atomic():  # what came and the receipts that we owe for it are one commit
            intake = keep(proven, context=context, by_hand=True)
            if intake.taken is not None:
                owe(frame.sender, intake.taken, now_ms=context.clock())
    faults = len(intake.taken.faults) if intake.taken else 0
    receipts = sum(len(one.indices) for one in parcel.receipts)
    return _took(frame, statements=len(parcel.items), new=intake.new, receipts=receipts, faults=faults)


def _files(frame: Frame, context: Context) -> Took:
    """What is said of files, and chunks: what came before in the file must be in effect, so that they are asked for."""
    while dispatch_once(context=context):
        continue
    message = parse_files_message(frame.content)
    try:
        took = take_files(message, peer=frame.sender, context=context)
    except Error as error:
        if error.code != "exchange.chunk-not-asked-for":
            raise
        return _took(frame)  # of a statement that came by no way yet: the chunks come again
    return _took(frame, chunks=took.chunks)


def _end(frame: Frame, context: Context) -> Took:
    keep_file(_row(frame, context.clock(), End.parse(frame.content)))
    return _took(frame)
