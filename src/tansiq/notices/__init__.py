"""Notices: what a national central bureau asks of all members or of some, from the draft to the day on which it ends.

Invariant: a notice is its source's signed word, unchanged to its last reader; it binds nobody before the hub's legal desk has
published it, and where it stands is a function of the set of words said about it (`policy.notice_course`). Rows hold codes,
times, numbers and references; persons stand in the bodies and in the encrypted index of names alone.
"""
