"""What travels between nodes, as pure functions: values in, values out, or one error of the tree.

Invariant: nothing here reads a clock, a file, a socket or a database; time and keys are arguments. Bytes that were
signed are kept as they came and never encoded again.

    cbor        the one encoding (RFC 8949, deterministic, a small subset)
    cose        signatures (RFC 9052) and content encryption
    keys        signing and sealing keys and their identifiers (RFC 9679)
    concealment one piece of content: salted, committed to, padded, encrypted under its own key
    wraps       the keys of a content, sealed to one reader (RFC 9180)
    statement   an agency's signed word       docket  what a register may show of it
    parts       what its readers may read     acts    an officer's own signature inside
    envelope    one hop's wrapping            heads   the signed root of a journal (RFC 9942)
    stops       when a statement was at a desk on its way, by the desk's own agency
    merkle      trees (RFC 9162)              parcel  what one request or courier file carries
    directory   an agency's document: posts, officers, keys
    manifest    a file as encrypted chunks    words   a fingerprint to be read aloud
"""
