"""The key store: all keys of the node, apart from everything else, so that erasing a key erases the thing.

Invariant: every content key lies here and nowhere else, wrapped (RFC 3394) by its case's key, which is wrapped by the store's root; the
root is derived from a secret that comes from outside the home. Ordinary backups leave this database out. Keys are written
before what they open and erased after their tombstone is written, so a crash leaves at most an orphan, which is swept.
"""
