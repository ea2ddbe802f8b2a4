"""What those look at who watch over the agency: the data protection officer and the supervisor from outside.

Invariant: codes, times, references and service numbers; never the content of a matter and nobody's name. Nothing of a matter
is changed from here; what is recorded is that the access journal was looked at, and that it was verified. Directive (EU)
2016/680, articles 25 and 34; Regulation (EU) 2019/818, article 24(4).
"""
