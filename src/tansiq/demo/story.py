"""The story: two services meet, Madrid asks by its office in Rabat, Rabat searches and answers, and the proof stands.

Invariant: every step is what people would do with the command line, or asks the running nodes through their sockets; a step that does not
come to its end raises. What is counted at the end is read from both nodes and compared, never assumed.
"""

from __future__ import annotations

import json
import os
import time
import tomllib
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from pathlib import Path
from typing import Any, Final

from tansiq.demo.counting import Lines, counted, is_whole, settled
from tansiq.demo.stage import Node, Stage
from tansiq.demo.telling import Teller
from tansiq.errors import NotFound, Unavailable
from tansiq.node.evidence import parse_pins, verify_evidence
from tansiq.policy.codes import code_list

__all__ = ["Story"]

Json = dict[str, Any]
_PATIENCE_SECONDS: Final = 120.0
_PAUSE_SECONDS: Final = 0.03
_REGISTER, _UN_REGISTER = "demo", "un"


def _draft(name: str) -> Json:
    return tomllib.loads(resources.files("tansiq.demo").joinpath(f"{name}.toml").read_text(encoding="utf-8"))


_WAITING: Final = ("es-telephone", "es-passage", "ma-ceuta", "ma-documents")
"""What waits on a desk after the story; the first two letters tell who asks."""


def _packed(content: bytes) -> str:
    return b64encode(zlib.compress(content, 6)).decode()


class Story:
    """One telling of the story on a stage whose nodes are not made yet."""

    def __init__(self, stage: Stage, teller: Teller) -> None:
        self._stage = stage
        self._teller = teller
        self.madrid, self.rabat = self.pair = stage.nodes[:2]
        self.enquiry = ""
        self.evidence = stage.folder / "evidence.zip"

    # ------------------------------------------------------------------------------------------------ the whole

    def play(self, un_list: Path | None = None, *, then: Callable[[], None] = lambda: None) -> Json:
        """Plays all steps, and ``then`` what follows on the same stage before all is counted; returns what `tansiq demo --json`
        prints. Raises what a step raises.
        """
        real_list = self._read(un_list) if un_list is not None else None
        step = self._teller.step
        with step("demo.step.make"):
            self._stage.make()
        with step("demo.step.start"):
            self._stage.start()
        with step("demo.step.meet"):
            fingerprints = self.meet()
        self._show_words(fingerprints)
        with step("demo.step.import"):
            lists = self.import_lists(real_list)
        self._show_lists(lists)
        with step("demo.step.ask"):
            self.ask()
        with step("demo.step.deliver"):
            self.wait_for_delivery()
        with step("demo.step.match"):
            shown = self.judge_matches()
        self._show_matches(shown)
        with step("demo.step.answer"):
            self.answer()
        with step("demo.step.receive"):
            answered = self.receive_answer()
        self._show_answer(answered)
        then()
        with step("demo.step.witness"):
            self.wait_for_witnesses()
        with step("demo.step.evidence"):
            verified = self.prove()
        with step("demo.step.fsck"):
            checks = self.check()
        return self.result(verified=verified, checks=checks)

    def _until(self, what: str, ready: Callable[[], Any]) -> Any:
        """What ``ready`` returns as soon as it is true. Raises Unavailable('demo.waited')."""
        until = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < until:
            if found := ready():
                return found
            time.sleep(_PAUSE_SECONDS)
        raise Unavailable("demo.waited", step=what)

    # ------------------------------------------------------------------------------------------------ the steps

    def document(self, agency: str) -> Path:
        """Where an agency's directory document lies when it is carried over."""
        return self._stage.folder / f"{agency}.directory"

    def meet(self) -> dict[str, Json]:
        """Both documents are written, carried over and taken; the words are compared and an officer says so."""
        for node in self.pair:
            self.document(node.agency).write_bytes(b64decode(node.ask("directory.export")["document"]))
        shown = {}
        for node, other in ((self.madrid, self.rabat), (self.rabat, self.madrid)):
            taken = self.document(other.agency).read_bytes()
            shown[other.agency] = node.ask("directory.import", {"document": b64encode(taken).decode()})
            read_aloud = other.ask("directory.fingerprint")["words"][other.member.language]
            said = {"agency": other.agency, "words": " ".join(read_aloud), "language": other.member.language}
            node.ask("directory.confirm", said, officer=node.member.officer)
        return shown

    @staticmethod
    def _read(un_list: Path) -> bytes:
        try:
            return un_list.read_bytes()
        except OSError as error:
            raise NotFound("demo.no-list", file=str(un_list)) from error

    def import_lists(self, real_list: bytes | None) -> list[Json]:
        """Rabat's operator imports the invented register, and the real list when there is one: others' desks read them too."""
        invented = resources.files("tansiq.demo").joinpath("register.xml").read_bytes()
        lists = {_REGISTER: invented} | ({_UN_REGISTER: real_list} if real_list is not None else {})
        return [
            self.rabat.ask("register.import", {"file": _packed(content), "register": name})
            for name, content in lists.items()
        ]

    def import_at_madrid(self) -> Json:
        """Madrid imports the invented register too, so that what Rabat asks is searched for there."""
        invented = resources.files("tansiq.demo").joinpath("register.xml").read_bytes()
        report: Json = self.madrid.ask("register.import", {"file": _packed(invented), "register": _REGISTER})
        return report

    def ask(self) -> None:
        """Madrid's officer sends the enquiry."""
        self.enquiry = self.madrid.ask(
            "enquiry.send", {"draft": _draft("enquiry")}, officer=self.madrid.member.officer
        )["id"]

    def _state(self, node: Node) -> Json | None:
        return next((one for one in node.ask("enquiry.summaries") if one["id"] == self.enquiry), None)

    def wait_for_delivery(self) -> None:
        """Until Rabat has the enquiry on its desk and Madrid has Rabat's receipt."""
        self._until("deliver", lambda: self._state(self.rabat))
        self._until("deliver", lambda: (self._state(self.madrid) or {}).get("received_at"))

    def judge_matches(self) -> Json:
        """Rabat's officer opens the enquiry and decides on the best match. Raises NotFound when the node proposes none."""
        officer = self.rabat.member.officer
        shown: Json = self.rabat.ask("enquiry.show", {"id": self.enquiry}, officer=officer)
        if not shown["matches"]:
            raise NotFound("demo.no-match")
        decision = {"id": self.enquiry, "entry": shown["matches"][0]["entry"], "decision": "match.same"}
        self.rabat.ask("enquiry.decide", decision, officer=officer)
        return shown

    def answer(self) -> None:
        """Rabat's officer answers."""
        self.rabat.ask(
            "enquiry.answer", {"id": self.enquiry, "draft": _draft("answer")}, officer=self.rabat.member.officer
        )

    def receive_answer(self) -> Json:
        """Until Madrid has the answer; its officer opens it and says whether it may have been obtained by ill-treatment."""
        officer = self.madrid.member.officer
        self._until("receive", lambda: (self._state(self.madrid) or {}).get("answered_at"))
        shown: Json = self.madrid.ask("enquiry.show", {"id": self.enquiry}, officer=officer)
        self.madrid.ask("enquiry.origin", {"id": self.enquiry, "answer": "obtained.no-sign"}, officer=officer)
        return shown

    def wait_for_witnesses(self) -> Lines:
        """Until everything has arrived and each has signed the other's journal; how the lines stand then."""
        lines: Lines = self._until("witness", lambda: settled(self._stage))
        return lines

    def prove(self) -> bool:
        """Madrid exports the exchange with request and answer disclosed; it is verified offline, by the file and two pins."""
        asked = {
            "enquiry": self.enquiry,
            "disclose": ["request", "answer"],
            "justification": "demonstration",
            "recipients": ["demonstration"],
        }
        made = self.madrid.ask("evidence.export", asked, officer=self.madrid.member.officer)
        with os.fdopen(os.open(self.evidence, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(b64decode(made["archive"]))
        pins = parse_pins([str(self.document(node.agency)) for node in self.pair])
        report = verify_evidence(self.evidence, pinned=pins)
        return not report.missing and not report.doubts

    def check(self) -> dict[str, str]:
        """What `tansiq fsck` says of each node: 'clean', or the first fault."""

        def fsck(node: Node) -> str:
            ended = self._stage.shop.run("fsck", str(node.home.path), "--json", language=self._teller.language)
            try:
                report = json.loads(ended.stdout)
            except ValueError:
                return f"exit {ended.returncode}"
            return "clean" if report["clean"] and not ended.returncode else str(report["findings"][0]["text"])

        nodes = self._stage.nodes
        with ThreadPoolExecutor(2) as pool:
            return {node.agency: said for node, said in zip(nodes, pool.map(fsck, nodes), strict=True)}

    def result(self, *, verified: bool, checks: Mapping[str, str]) -> Json:
        """What came of it, counted at both nodes."""
        nodes = counted(self.wait_for_witnesses(), checks)
        fields = ("id", "state", "sent_at", "received_at", "deadline", "answered_at")
        asked = [one for one in self.madrid.ask("enquiry.summaries") if one["direction"] == "out"]
        enquiries = [{name: one[name] for name in fields} for one in asked]
        whole = (
            verified
            and is_whole(nodes)
            and bool(enquiries)
            and all(one["state"] == "answered" and all(one[name] for name in fields) for one in enquiries)
        )
        return {
            "ok": whole,
            "nodes": nodes,
            "enquiries": enquiries,
            "evidence": {"file": str(self.evidence), "verified": verified},
        }

    def leave_waiting(self) -> None:
        """Leaves matters on both desks, for whoever opens the pages. Not a part of what is counted."""
        self.import_at_madrid()
        asked = []
        for name in _WAITING:
            node = next(one for one in self._stage.nodes if one.agency.startswith(name[:2]))
            sent = node.ask("enquiry.send", {"draft": _draft(f"waiting/{name}")}, officer=node.member.officer)
            asked.append((node, sent["id"]))
        self._until("deliver", lambda: all(self._is_receipted(node, matter) for node, matter in asked))

    @property
    def stage(self) -> Stage:
        """Where it is played."""
        return self._stage

    @staticmethod
    def _is_receipted(node: Node, matter: str) -> bool:
        return any(one["id"] == matter and one["received_at"] for one in node.ask("enquiry.summaries"))

    # ------------------------------------------------------------------------------------------------ what is shown

    def _show_words(self, fingerprints: Mapping[str, Json]) -> None:
        for node in self.pair:
            words = fingerprints[node.agency]["words"]
            self._teller.detail("demo.words", agency=node.agency)
            rows = [(" ".join(words["es"][at : at + 4]), " ".join(words["ar"][at : at + 4])) for at in range(0, 16, 4)]
            self._teller.columns(rows)

    def _show_lists(self, reports: list[Json]) -> None:
        for report in reports:
            counts = {name: report.get(name, 0) for name in ("persons", "entities", "names")}
            left_out = len(report.get("skipped", ())) + len(report.get("damaged", ()))
            self._teller.detail("demo.list", register=report["register"], left_out=left_out, **counts)

    def _show_matches(self, shown: Mapping[str, Any]) -> None:
        subject = shown["request"]["content"]["subjects"][0]
        self._teller.detail("demo.asked", name=subject["names"][0]["value"])
        for match in shown["matches"]:
            names = " · ".join(dict.fromkeys([match["name"], *match["names"]]))
            self._teller.detail(
                "demo.match", score=f"{match['score'] * 100:.0f}", names=names, reference=match["reference"]
            )

    def _show_answer(self, shown: Mapping[str, Any]) -> None:
        label = code_list("answer_outcomes").label(shown["outcome"], self._teller.language)
        self._teller.detail("demo.answered", outcome=label, officer=shown["replies"][0]["officer"])
        for item in shown["replies"][0]["items"]:
            self._teller.prose(f"[{item['evaluation']}] {item['content']['words']['value']}", indent=8)
