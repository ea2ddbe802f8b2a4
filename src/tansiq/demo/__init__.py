"""The demonstration: two services meet, one asks, the other answers, and the proof of it stands.

Invariant: it uses the command line and the node's socket alone, as people and programs do; all persons in it are invented.
"""
