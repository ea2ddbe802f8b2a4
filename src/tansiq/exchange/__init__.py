"""The post room: everything that leaves or enters the node passes here, and nothing else crosses between nodes.

Invariant: a statement is in effect once, however often it is delivered; what was released is delivered or known to be missing; what no
handler accepts is quarantined with its reason and never dropped. This room knows no capability: they register their
kinds with it (`kinds`).

Out: ``services.send`` (one commit: the statement and its outbox row) → ``release`` (one commit: number, entry, journal leaf,
signed batch) → ``delivery`` (push, or the answer to a pull, or a courier file: the same bytes) → ``receipts``.
In: ``door`` → ``intake`` (one commit: raw, journal leaf, queue) → the receipt is the answer → ``dispatch`` by kind, in causal order.

Why batches are the unit of sending again: a batch is signed once and stored, so a retry repeats its bytes; the receiver recognises
numbers that it has and answers with the receipts that it gave.
"""
