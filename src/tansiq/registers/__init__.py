"""Registers: published or own lists of persons and groups, against which an enquiry is checked.

Invariant: an entry's whole content is concealed under a key of its own; names stand in memory alone (`matching`). What
a machine finds is a proposal with its reasons; a person decides. From a file to a hit: ``unlist`` (the file's entries,
what is damaged, what was left out) → ``services`` (older and newer brought together, one commit) → ``matching`` (who
may be meant).
"""
