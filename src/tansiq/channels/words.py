"""Words that a person added to a decision or to an emergency: concealed under the key kept for their row's id.

Invariant: no free text stands in a row; what was erased reads as no words.
"""

from __future__ import annotations

from dataclasses import dataclass

from tansiq.errors import NotFound
from tansiq.keystore.store import Contents, KeyStore
from tansiq.policy.values import Text
from tansiq.protocol.cbor import decode, encode
from tansiq.protocol.concealment import conceal, reveal

__all__ = ["Hidden", "hide", "shown"]


@dataclass(frozen=True, slots=True)
class Hidden:
    """What stands in the row: the commitment and the ciphertext; both None where nobody added words."""

    commitment: bytes | None
    concealed: bytes | None


def hide(words: Text | None, *, thing: bytes, keys: KeyStore) -> Hidden:
    """Conceals ``words`` for the row ``thing``; the key is kept before the caller's commit."""
    if words is None:
        return Hidden(None, None)
    made = conceal(encode([words.language, words.value]), statement_id=thing, place=0)
    keys.put_contents([Contents(thing, thing, (made.key,))])
    return Hidden(made.commitment, made.ciphertext)


def shown(thing: bytes, hidden: Hidden, *, keys: KeyStore) -> Text | None:
    """The words of the row ``thing``. Raises NotProven when they were altered."""
    if hidden.concealed is None or hidden.commitment is None:
        return None
    try:
        key = keys.contents(thing)[0]
    except NotFound:
        key = None
    if key is None:
        return None
    content, _ = reveal(hidden.concealed, key=key, statement_id=thing, place=0, commitment=hidden.commitment)
    language, value = decode(content)
    return Text(language, value)
