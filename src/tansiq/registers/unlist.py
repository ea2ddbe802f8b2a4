"""The United Nations Security Council's consolidated list, read from its XML into entries, with a report of what was not.

Invariants: entries come one by one and memory does not grow with the file; nothing in the file can make the reader open
anything, and no entity or document type is accepted; what cannot be used is ``Skipped`` with its reason, what is damaged
stands in ``faults`` and is no name; a fault of the whole file raises, and then no entry of it may be kept (the caller
imports in one transaction).

The format is the Council's own (``CONSOLIDATED_LIST`` of ``INDIVIDUAL`` and ``ENTITY``). Names stand in FIRST_NAME to
FOURTH_NAME, in NAME_ORIGINAL_SCRIPT and in aliases graded good and low, or a.k.a. and f.k.a. for groups; birth dates are
exact, approximate or between two years, and a person may have several.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, BinaryIO, ClassVar, Self, TypeVar
from xml.etree.ElementTree import ParseError  # noqa: S405 only the class of errors; defusedxml parses

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from tansiq.errors import BadInput
from tansiq.names import MAX_NAME, folded
from tansiq.registers.damage import CHUNK, MAX_BYTES, choose, damage_of, mended, survey
